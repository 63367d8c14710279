// All requests of the page to the service. A call returns a value, or throws a Failure with a text for the user.

/** A failed request, shown by `failure.js`. */
export class Failure extends Error {
  /** @param {string} title @param {{detail?: string, hint?: string, feature?: string, row?: number, trace?: string[], status?: number}} [more] */
  constructor(title, more = {}) {
    super(title);
    this.name = "Failure";
    this.title = title;
    Object.assign(this, more);
  }
}

const GONE = new Failure("The local Lambda does not respond", {
  detail: "iris-model serve has ended, or this machine cannot reach it.",
  hint: "Start it again in the terminal. This page reconnects automatically.",
});

async function request(path, options = {}) {
  try {
    return await fetch(path, { cache: "no-store", ...options });
  } catch {
    throw GONE;
  }
}

async function getJson(path, options) {
  const response = await request(path, options);
  const text = await response.text();
  const value = parse(text);
  if (!response.ok) throw new Failure(value?.title ?? `Status ${response.status}`, { detail: value?.detail ?? text, status: response.status });
  return value;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const functionPath = (name) => `/_local/functions/${encodeURIComponent(name)}`;

export const fetchFunctions = () => getJson("/_local/functions");
export const fetchPoints = (name) => getJson(`${functionPath(name)}/data`);
const post = (path, value, signal) => getJson(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(value), signal });
export const fetchRegions = (name, asked, signal) => post(`${functionPath(name)}/regions`, asked, signal);
export const fetchExplanation = (name, row, signal) => post(`${functionPath(name)}/explanation`, { row }, signal);
export const fetchMetrics = () => getJson("/_local/metrics");
export const followLog = (after, wait) => getJson(`/_local/log?after=${after}&wait=${wait}`);

/** @returns {Promise<string>} the text of a test event of the project */
export async function fetchEvent(name, event) {
  const response = await request(`${functionPath(name)}/events/${encodeURIComponent(event)}`);
  const text = await response.text();
  if (!response.ok) throw new Failure("The test event cannot be read", { detail: parse(text)?.detail ?? text });
  return text;
}

/** @returns {Promise<{names: string[]}>}; throws a Failure with status 412 if the name exists */
export function saveEvent(name, event, text, isReplacing) {
  const headers = { "content-type": "application/json" };
  if (!isReplacing) headers["if-none-match"] = "*";
  return getJson(`${functionPath(name)}/events/${encodeURIComponent(event)}`, { method: "PUT", headers, body: text });
}

/** Save the expected answer of a test event of the project. @returns {Promise<unknown>} */
export const saveExpected = (name, event, text) =>
  getJson(`${functionPath(name)}/events/${encodeURIComponent(event)}/expected`, { method: "PUT", headers: { "content-type": "application/json" }, body: text });

/**
 * Send a request as a client would. @param {{path: string, body: string, isInvoke: boolean, signal?: AbortSignal, type?: string}} asked
 * @returns {Promise<{status: number, value: unknown, text: string}>}
 */
export async function send({ path, body, isInvoke, signal, type = "application/json" }) {
  const response = await request(path, { method: "POST", headers: { "content-type": type }, body, signal });
  const text = await response.text();
  const value = parse(text);
  if (response.headers.has("x-amz-function-error")) throw functionError(value, text);
  if (!response.ok) throw refusal(response, value, text, isInvoke);
  return { status: response.status, value, text };
}

function functionError(value, text) {
  const type = value?.errorType ?? "";
  if (type === "InvalidInput") return new Failure("Invalid input", { detail: value.errorMessage });
  if (type === "Sandbox.Timedout") {
    return new Failure("The function timed out", { detail: value.errorMessage, hint: "Raise the timeout in iris-model.toml, or check the log for the slow part." });
  }
  if (type === "Runtime.OutOfMemory") {
    return new Failure("The function ran out of memory", { detail: value.errorMessage, hint: "Raise the memory in iris-model.toml." });
  }
  const said = value?.errorMessage ?? text;
  const trace = Array.isArray(value?.stackTrace) ? value.stackTrace.map(String) : undefined;
  return new Failure("The function failed", { detail: type ? `${type}: ${said}` : said, hint: "See the log below.", trace });
}

function refusal(response, value, text, isInvoke) {
  const { status } = response;
  const said = value?.detail ?? value?.message ?? value?.Message ?? text;
  if ((response.headers.get("content-type") ?? "").startsWith("application/problem+json")) {
    return new Failure(status === 422 ? "Invalid input" : value?.title ?? `Status ${status}`, { detail: said, feature: value?.feature, row: value?.row, status });
  }
  const known = {
    403: ["Not allowed", "This function requires authentication."],
    404: ["No such route", "The function has another route. Reload this page after a restart of serve."],
    413: ["The request is too large", "The limit of Lambda is 6 MB."],
    429: ["Too many requests at once", value?.Reason ?? "The concurrency limit is reached. Try again in a moment."],
    500: ["The function failed", "An HTTP API does not return the reason. See the log below."],
    502: ["The function failed", "A function URL does not return the reason. See the log below."],
    503: ["The function took too long", "An HTTP API waits 30 seconds at most."],
  }[status];
  const [title, hint] = known ?? [isInvoke ? "Lambda rejected the event" : `Status ${status}`, ""];
  return new Failure(title, { detail: `${status}: ${said}`, hint, status });
}
