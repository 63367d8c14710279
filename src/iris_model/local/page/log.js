// Shows the log while it grows, with a long poll: each request waits for the next line.

import { announce, byId, element } from "./dom.js";
import { kindOf, parseReport } from "./reports.js";
import { followLog } from "./service.js";

const KEPT_LINES = 1000;
const WAIT_SECONDS = 20;
const RELOADED = "Reload: the new version of";
const RETRY_MS = [500, 1000, 2000, 4000];

/**
 * @param {object} listeners
 * @param {(report: import("./reports.js").Report, functionName: string) => void} listeners.onReport
 * @param {() => void} listeners.onChange a function was reloaded
 * @param {() => void} listeners.onRestart another service answers at this address
 * @param {() => void} listeners.onConnected
 */
export function makeLog({ onReport, onChange, onRestart, onConnected }) {
  const list = byId("log");
  const box = byId("log-box");
  const empty = byId("log-empty");
  const filter = byId("log-filter");
  let hasSeveral = false;

  const showEmpty = () => {
    empty.hidden = list.childElementCount > 0;
    box.hidden = list.childElementCount === 0;
  };
  const clear = () => {
    list.replaceChildren();
    showEmpty();
  };
  filter.addEventListener("change", () => { box.dataset.filter = filter.value; });
  byId("log-clear").addEventListener("click", clear);
  showEmpty();

  function append(lines) {
    const isAtEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 8;
    for (const line of lines) {
      const report = line.source === "platform" ? parseReport(line.text) : null;
      list.append(drawLine(line, report, hasSeveral));
      if (report) onReport(report, line.function);
      if (line.source === "platform" && line.text.startsWith(RELOADED)) onChange();
    }
    while (list.childElementCount > KEPT_LINES) list.firstElementChild.remove();
    showEmpty();
    if (isAtEnd) box.scrollTop = box.scrollHeight;
  }

  async function follow() {
    let [last, service, failures, isConnected] = [0, null, 0, false];
    for (;;) {
      try {
        // The first request does not wait, so that the page knows whether the service answers.
        const answer = await followLog(last, isConnected ? WAIT_SECONDS : 0);
        isConnected = true;
        if (service !== null && answer.service !== service) {
          // Another service at the same address restarts the line numbers.
          [last, service] = [0, answer.service];
          clear();
          onRestart();
          isConnected = false;
          continue;
        }
        service = answer.service;
        if (failures > 0) announce("Connected again");
        failures = 0;
        showConnection(true);
        onConnected();
        if (answer.lines.length) {
          // The service keeps only the newest lines. A gap is shown.
          const lost = answer.lines[0].sequence - last - 1;
          if (last > 0 && lost > 0) list.append(element("li", { className: "platform" }, element("span", {}), element("span", { className: "text" }, `… ${lost} lines came too fast to be shown`)));
          append(answer.lines);
          last = answer.lines.at(-1).sequence;
        }
      } catch {
        isConnected = false;
        if (failures === 0) announce("The local Lambda does not respond");
        showConnection(false);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]));
        failures += 1;
      }
    }
  }

  return { follow, setSeveral: (is) => { hasSeveral = is; } };
}

function drawLine(line, report, hasSeveral) {
  const kind = kindOf(line, report);
  const time = new Date(line.time_ms);
  const item = element("li", { className: kind });
  item.dataset.shown = report ? "report" : line.source;
  item.append(element("time", { dateTime: time.toISOString() }, time.toTimeString().slice(0, 8)));
  if (hasSeveral) item.append(element("span", { className: "of" }, line.function));
  const text = element("span", { className: "text" });
  if (report?.initMs !== undefined) text.append(element("span", { className: "tag" }, "cold start"), " ");
  // Tabs separate the fields for programs. On the page they would be wide gaps.
  text.append(line.source === "platform" ? line.text.trimEnd().replaceAll("\t", "  ") : line.text);
  item.append(text);
  return item;
}

function showConnection(isConnected) {
  const shown = byId("connection");
  shown.dataset.state = isConnected ? "connected" : "gone";
  shown.textContent = isConnected ? "Connected" : "Not connected, retrying";
}
