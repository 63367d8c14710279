// Parses log lines of Lambda, in the text format and in the JSON format.

/**
 * @typedef {{requestId: string, durationMs: number, billedMs: number, memoryMb: number, usedMb: number, initMs?: number, status: string}} Report
 * @param {string} text @returns {Report | null} null if the line is no REPORT line
 */
export function parseReport(text) {
  if (text.startsWith("REPORT ")) return fromText(text);
  return text.startsWith("{") && text.includes("platform.report") ? fromJson(text) : null;
}

function fromText(text) {
  const fields = Object.fromEntries(text.slice("REPORT ".length).split("\t").filter(Boolean).map((field) => field.split(": ")));
  const read = (name) => (fields[name] === undefined ? undefined : Number.parseFloat(fields[name]));
  return {
    requestId: fields.RequestId,
    durationMs: read("Duration"),
    billedMs: read("Billed Duration"),
    memoryMb: read("Memory Size"),
    usedMb: read("Max Memory Used"),
    initMs: read("Init Duration"),
    status: fields.Status ?? "success",
  };
}

function fromJson(text) {
  try {
    const { type, record } = JSON.parse(text);
    if (type !== "platform.report") return null;
    const { metrics } = record;
    return {
      requestId: record.requestId,
      durationMs: metrics.durationMs,
      billedMs: metrics.billedDurationMs,
      memoryMb: metrics.memorySizeMB,
      usedMb: metrics.maxMemoryUsedMB,
      initMs: metrics.initDurationMs,
      status: record.status,
    };
  } catch {
    return null;
  }
}

/** Return the style of a line. @param {{source: string, text: string}} line @returns {"failed" | "report" | "platform" | "function"} */
export function kindOf(line, report) {
  if (line.source !== "platform") return "function";
  if (report) return report.status === "success" ? "report" : "failed";
  return /^INIT_REPORT|Status: (error|timeout)|"status":"(error|failure|timeout)"|is lost|malformed response/.test(line.text) ? "failed" : "platform";
}
