// Connects the parts of the page. Values flow one way: form or event -> request -> answer. The log is separate.

import { readAddress, writeAddress } from "./address.js";
import { drawAnswer } from "./answer.js";
import { makeAnswerCard } from "./answer_card.js";
import { makeBatch } from "./batch.js";
import { makeCode } from "./code.js";
import { makeCost } from "./cost.js";
import { announce, byId, element } from "./dom.js";
import { makeEvents } from "./events.js";
import { drawFailure } from "./failure.js";
import { NotAValue } from "./fields.js";
import { makeForm, MAX_FIELDS } from "./form.js";
import { makeLive } from "./live.js";
import { makeLiveSwitch } from "./live_switch.js";
import { makeLog } from "./log.js";
import { hideMeasures, showMeasures } from "./measures.js";
import { makeScatter } from "./scatter.js";
import { fetchFunctions, fetchPoints, fetchRegions, send } from "./service.js";
import { makeTabs } from "./tabs.js";
import { makeWhy } from "./why.js";

let functions = [];
let target; // the shown function, one of `functions`
let form = null; // null without a model, and for a model with too many features
let scatter = null; // the plot of the training data, if there is one
let range = null; // the range of a regressor's target in training
let isReportDue = false;
let asked = 0; // a counter, so that a late answer does not replace a newer one
let addressTimer;

const ADDRESS_MS = 250; // browsers limit changes of the address to a few hundred per minute
const [eventText, sendButton] = ["event", "send"].map(byId);
const card = makeAnswerCard();
const showCode = makeCode();
const showCost = makeCost();
const ways = makeTabs(byId("ways"), () => update());
const events = makeEvents({ onChosen: loadEvent, onFailure: showFailure, current: () => readAsked().text, answer: () => card.answerTo(currentKey()) });
const why = makeWhy();
const batch = makeBatch({
  target: () => target,
  nameOf: (prediction) => labels()[keyOf(prediction)] ?? "",
  onProgress(text) {
    live.stop();
    asked += 1;
    why.hide();
    isReportDue = false;
    hideMeasures();
    card.show({ nodes: [element("p", { className: "placeholder" }, text)], summary: text }, { isPressed: false });
  },
  onDone({ answers, link }) {
    const drawn = drawAnswer({ value: { predictions: answers }, text: "" }, describeModel());
    card.show({ ...drawn, nodes: [element("p", {}, link), ...drawn.nodes] });
    byId("answer").scrollIntoView({ block: "nearest" });
  },
  onFailure: showFailure,
});
const live = makeLive({ ask: askLive, onSlow: (ms) => liveSwitch.tellSlow(ms) });
const liveSwitch = makeLiveSwitch((is) => {
  live.set(is, true);
  live.changed();
});
const log = makeLog({ onReport, onChange: start, onRestart: start, onConnected: () => target || start() });

const isForm = () => form !== null && ways.chosen() === "way-form";
const keyOf = (label) => (typeof label === "string" ? label : JSON.stringify(label));
const labels = () => target.model?.labels ?? {};
const labelOf = (name) => labels()[keyOf(name)] ?? keyOf(name);
const keysOf = (classes) => (classes ?? []).flatMap((each) => (Array.isArray(each) ? [] : [keyOf(each)]));
const classNames = () => keysOf(target.model?.classes);
const describeModel = () => ({ classes: classNames(), labels: labels(), task: target.model?.task ?? "", range });

// --- what is asked --------------------------------------------------------------------------------------------------

/** @returns {{path: string, text: string, value?: unknown, isInvoke: boolean}} may throw NotAValue */
function readAsked(row = isForm() ? form.read() : undefined) {
  if (row === undefined) return { path: target.invocations, text: eventText.value, isInvoke: true };
  return { path: target.route ?? target.invocations, text: JSON.stringify(row), value: row, isInvoke: target.route === null };
}

/** Return the content of the form or the editor for comparisons. A field may be without a value. */
function currentKey() {
  return JSON.stringify(isForm() ? form.peek().map((cell) => (cell === undefined ? "" : [cell])) : eventText.value);
}

function update() {
  if (!target) return;
  const row = isForm() ? form.peek().map((cell) => (cell === undefined ? null : cell)) : undefined;
  const { path, text, value, isInvoke } = readAsked(row);
  showCode({ url: location.origin + path, text, value });
  byId("target").textContent = `POST ${path}`;
  sendButton.textContent = isInvoke ? "Invoke" : "Predict";
  liveSwitch.setVisible(isForm());
  card.compare(currentKey(), isForm() && live.isOn());
  clearTimeout(addressTimer);
  addressTimer = setTimeout(keepAddress, ADDRESS_MS);
  if (form) {
    const cells = (isForm() ? form.peek() : form.cellsOf(parse(eventText.value))) ?? [];
    scatter?.show(Object.fromEntries(cells.map((cell, index) => [target.model.columns[index].name, cell])));
  }
}

/** Write this function and these values into the address of the page. */
function keepAddress() {
  const row = isForm() ? form.peek() : undefined;
  if (row?.includes(undefined)) return; // a value is incomplete
  const shown = row ? { row: JSON.stringify(row) } : { event: eventText.value };
  history.replaceState(null, "", writeAddress({ name: target.name, ...shown }));
}

/** Fill the form from the address, and send nothing: a link must not invoke a function. */
function followAddress() {
  const wanted = readAddress(location.hash);
  const found = functions.find(({ name }) => name === wanted?.name);
  if (!found) return;
  if (found !== target) showTarget(found);
  const text = wanted.row ?? wanted.event;
  if (text === undefined) return;
  if (wanted.row !== undefined) loadEvent(text);
  else showEvent(text);
  events.forget();
}

/** Return the value of a JSON text, or undefined for an invalid one. An invalid text is sent unchanged, and Lambda returns the error. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function loadEvent(text) {
  if (!form?.fill(parse(text))) showEvent(text);
  else ways.choose("way-form");
}

function showEvent(text) {
  eventText.value = text.trimEnd();
  ways.choose("way-event");
}

// --- what is answered -----------------------------------------------------------------------------------------------

async function ask() {
  if (!target) return; // the functions are not known yet
  live.stop();
  let request;
  try {
    request = readAsked();
  } catch (problem) {
    if (!(problem instanceof NotAValue)) throw problem;
    announce(`${problem.message} needs a value`);
    return;
  }
  await sendAndShow(request, { isPressed: true });
}

/** @returns {Promise<number | null>} the round trip in ms; null if it is no measurement of the function */
async function askLive(signal) {
  if (!isForm()) return null;
  const row = form.peek();
  return row.includes(undefined) ? null : sendAndShow(readAsked(row), { isPressed: false, signal });
}

async function sendAndShow(request, { isPressed, signal }) {
  const turn = (asked += 1);
  const key = currentKey();
  const began = performance.now();
  isReportDue = true;
  card.wait(isPressed);
  let drawn;
  let failure;
  let reply;
  try {
    reply = await send({ path: request.path, body: request.text, isInvoke: request.isInvoke, signal });
    drawn = turn === asked ? drawAnswer(reply, describeModel()) : null;
  } catch (error) {
    failure = error;
    drawn = drawFailure(error);
  }
  if (turn !== asked || signal?.aborted) return null;
  const ms = performance.now() - began;
  if (failure && isReportDue) hideMeasures();
  card.show(drawn, { key, ms, isPressed, reply: reply?.text });
  if (reply && request.value !== undefined && target.isExplained) why.show(target.name, request.value, labelOf);
  else why.hide();
  card.compare(currentKey(), isForm() && live.isOn());
  if (failure?.feature && isForm()) form.complain(failure.feature, failure.detail, isPressed);
  return ms;
}

function showFailure(error) {
  card.show(drawFailure(error));
}

function onReport(report, functionName) {
  if (functionName !== target?.name) return;
  showCost(target.name);
  // The first REPORT line after the request. It may belong to another client, because an HTTP API returns no request id.
  if (isReportDue) showMeasures(report);
  isReportDue = false;
}

// --- which function -------------------------------------------------------------------------------------------------

function showTarget(chosen) {
  target = chosen;
  sendButton.disabled = false;
  const { model } = target;
  document.title = `${target.name} · iris-model`;
  byId("name").textContent = target.name;
  byId("about").replaceChildren(...about(target).map((text) => element("span", {}, text)));
  form = model && model.columns.length <= MAX_FIELDS ? makeForm(byId("fields"), model, edited) : null;
  byId("way-form").hidden = form === null;
  byId("ways").hidden = form === null;
  eventText.value = model?.example ? JSON.stringify(model.example) : "{}";
  asked += 1;
  batch.stop();
  why.hide();
  live.stop();
  live.set(liveSwitch.restore());
  card.clear();
  hideMeasures();
  byId("function").value = target.name;
  byId("docs").href = `/_local/docs?${new URLSearchParams({ function: target.name })}`;
  events.setTarget(target);
  showCost(target.name);
  showPoints();
  ways.choose(form ? "way-form" : "way-event");
}

function about({ memory, timeout, model }) {
  const limits = [`${memory} MB`, `${timeout} s timeout`];
  if (!model) return ["no model that this page knows", ...limits];
  const made = model.source.class?.split(".").at(-1);
  return [model.task.replaceAll("_", " "), ...(made ? [made] : []), `${model.executor} executor`, ...limits];
}

async function showPoints() {
  const figure = byId("scatter");
  figure.hidden = true;
  scatter?.stop();
  scatter = null;
  range = null;
  const shown = target;
  if (!form || !shown.hasData || !shown.model.columns.some(({ kind }) => kind === "numeric")) return;
  let points;
  try {
    points = await fetchPoints(shown.name);
  } catch {
    return; // the page works without the plot
  }
  if (shown !== target) return;
  if (shown.model.task === "regressor" && points.labels) {
    const numbers = points.labels.map(Number).filter(Number.isFinite);
    if (numbers.length) range = { minimum: Math.min(...numbers), maximum: Math.max(...numbers), name: points.target };
  }
  if (points.features.length < 2) return;
  const model = {
    classes: classNames(),
    trained: keysOf(shown.model.trained_classes),
    labelOf,
    columns: shown.model.columns.map(({ name }) => name),
    fetchRegions: shown.hasRegions && shown.model.outputs?.predict?.columns === 1 ? (wanted, signal) => fetchRegions(shown.name, wanted, signal) : null,
  };
  scatter = makeScatter(figure, points, model, (values) => {
    ways.choose("way-form");
    for (const [name, value] of Object.entries(values)) form.set(name, value);
    edited();
    ask();
  });
  figure.hidden = false;
  update();
}

const isSameForm = (one, other) => one.name === other.name && JSON.stringify(one.model) === JSON.stringify(other.model);

function edited() {
  events.forget();
  update();
  if (isForm()) live.changed();
}

async function start() {
  try {
    ({ functions } = await fetchFunctions());
  } catch (error) {
    showFailure(error);
    return; // the log keeps asking, and calls `start` when the service is back
  }
  const before = target?.name;
  byId("function").replaceChildren(...functions.map(({ name }) => element("option", { value: name }, name)));
  byId("chooser").hidden = functions.length < 2;
  log.setSeveral(functions.length > 1);
  const chosen = functions.find(({ name }) => name === before) ?? functions[0];
  if (target && isSameForm(target, chosen)) {
    // The service restarted, or the function was reloaded. The form keeps its values.
    target = chosen;
    events.setTarget(target);
    update();
  } else {
    showTarget(chosen);
    if (before === undefined) followAddress();
  }
}

byId("function").addEventListener("change", (event) => showTarget(functions.find(({ name }) => name === event.target.value)));
eventText.addEventListener("input", edited);
byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
byId("form").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    ask();
  }
});
addEventListener("hashchange", followAddress);
await start();
log.follow();
