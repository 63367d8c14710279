// Shows what the invocations until now would cost on AWS, and what a million of them would cost. The service computes it.

import { byId, element } from "./dom.js";
import { fetchMetrics } from "./service.js";

const WAIT_MS = 400; // REPORT lines in this time cause one update
const PERCENTILES_FROM = 20; // with fewer values, the 90th and the 99th percentile are the maximum
const FIRST = "x86_64"; // the default architecture of a function

/** @returns {(functionName: string) => void} updates the numbers of a function */
export function makeCost() {
  let timer;
  let wanted = "";
  async function refresh() {
    let metrics;
    try {
      metrics = await fetchMetrics();
    } catch {
      return; // the log shows that the service does not answer
    }
    const found = metrics.functions.find(({ name }) => name === wanted);
    byId("cost").hidden = !found;
    if (found) show(found);
  }
  return (functionName) => {
    wanted = functionName;
    timer ??= setTimeout(() => {
      timer = undefined;
      refresh();
    }, WAIT_MS);
  };
}

function show(numbers) {
  const { cost, invocations, cold_starts: cold, duration_ms: durations, errors, throttles } = numbers;
  const figures = [];
  const { [FIRST]: usual, arm64: arm } = cost?.architectures ?? {};
  if (usual) {
    figures.push(["So far", dollars(usual.so_far), arm && `on Arm ${dollars(arm.so_far)}`]);
    figures.push(["A million such requests", perMillion(usual), arm && `on Arm ${perMillion(arm)}`]);
  }
  figures.push(["Invocations", count(invocations), `${count(cold)} cold`]);
  const failed = sum(errors);
  const refused = sum(throttles);
  figures.push(["Failed", count(failed), refused ? `${count(refused)} throttled` : ""]);
  figures.push(["Duration, p50", milliseconds(durations.p50), percentiles(invocations, durations)]);
  byId("cost-figures").replaceChildren(...figures.map(([name, value, small]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value, ...(small ? [element("span", { className: "small" }, small)] : [])))));
  byId("cost-hint").textContent = cost ? `On AWS, at prices of ${cost.date}; without ${cost.left_out.join(", ")}.` : "No prices are available.";
}

/** Format small amounts with two significant digits: $0.0000021. @param {string} amount in plain digits */
export function dollars(amount) {
  const value = Number(amount);
  if (value === 0) return "$0";
  const digits = value >= 0.01 ? 2 : Math.min(12, 1 - Math.floor(Math.log10(value)));
  return `$${value.toLocaleString("en", { minimumFractionDigits: Math.min(digits, 2), maximumFractionDigits: digits })}`;
}

/** Return the 90th and the 99th percentile, if there are enough values. */
export function percentiles(invocations, { p90, p99 }) {
  if (invocations < PERCENTILES_FROM) return `p90, p99 from ${PERCENTILES_FROM} requests on`;
  return `p90 ${milliseconds(p90)}, p99 ${milliseconds(p99)}`;
}

const perMillion = (amounts) => (amounts.per_million === null ? "none yet" : dollars(amounts.per_million));
const count = (value) => value.toLocaleString("en");
const sum = (counts) => Object.values(counts ?? {}).reduce((total, each) => total + each, 0);
const milliseconds = (value) => (value === null ? "none yet" : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`);
