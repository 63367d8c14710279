// The numbers of the last invocation, from its REPORT line.

import { byId, element } from "./dom.js";

/** @param {import("./reports.js").Report} report */
export function showMeasures(report) {
  const list = byId("measures");
  const isCold = report.initMs !== undefined;
  const parts = [["Start", element("span", { className: isCold ? "tag" : "tag warm" }, isCold ? "cold" : "warm")]];
  if (isCold) parts.push(["Init", ms(report.initMs)]);
  parts.push(["Duration", ms(report.durationMs)], ["Billed", ms(report.billedMs)], ["Memory", `${report.usedMb} of ${report.memoryMb} MB`]);
  list.replaceChildren(...parts.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
  list.hidden = false;
}

export function hideMeasures() {
  byId("measures").hidden = true;
}

const ms = (value) => `${value < 100 && !Number.isInteger(value) ? value.toFixed(1) : Math.round(value)} ms`;
