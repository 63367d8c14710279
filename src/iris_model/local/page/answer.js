// Draws the answer of the function: one prediction, several predictions, or any other JSON.

import { element } from "./dom.js";
import { makeBars, percent } from "./bars.js";
import { makeNumberLine, number } from "./number_line.js";
import { legendMark } from "./shapes.js";

const MAX_ROWS = 100;
const MAX_TEXT = 200_000;

/**
 * @param {{value: unknown, text: string}} reply
 * @param {{classes: string[], labels: Record<string, string>, task: string, range: object | null}} model
 * @returns {{nodes: Node[], summary: string, brief?: string}} the nodes to show, the answer in a sentence, and the answer in a few words
 */
export function drawAnswer(reply, model) {
  const { value, status } = unwrap(reply.value);
  const notes = status === undefined ? [] : [element("p", { className: "hint" }, `The function returned status ${status}.`)];
  if (value !== null && typeof value === "object") {
    if (typeof value.detail === "string" && value.title) {
      return { brief: String(value.title), nodes: [element("p", { className: "failure-title" }, String(value.title)), element("p", {}, value.detail)], summary: value.detail };
    }
    if ("prediction" in value) return withNotes(drawOne(value, model), notes);
    if (Array.isArray(value.predictions)) return withNotes(drawMany(value.predictions, model), notes);
  }
  const text = value === undefined ? reply.text : JSON.stringify(value, null, 2);
  return withNotes({ nodes: [plain(text)], summary: "Answer received" }, notes);
}

/** Return the body of a response for an HTTP front end, and its status. */
function unwrap(value) {
  if (value === null || typeof value !== "object" || typeof value.statusCode !== "number" || typeof value.body !== "string") return { value };
  try {
    return { value: JSON.parse(value.isBase64Encoded ? atob(value.body) : value.body), status: value.statusCode };
  } catch {
    return { value: value.body, status: value.statusCode };
  }
}

const withNotes = (drawn, notes) => ({ ...drawn, nodes: [...drawn.nodes, ...notes] });

function drawOne({ prediction, probabilities }, model) {
  const said = label(prediction, model);
  const named = model.labels[key(prediction)] === undefined ? [] : [element("span", { className: "class" }, `class ${key(prediction)}`)];
  const nodes = [element("p", { className: "prediction" }, ...marked(prediction, model), said, ...named)];
  let summary = `Prediction: ${said}`;
  if (Array.isArray(probabilities)) {
    probabilities.forEach((each, index) => {
      nodes.push(element("h3", {}, `Output ${index + 1}`), makeBars(each, Object.keys(each), key(prediction[index]), nameIn(model)));
    });
  } else if (probabilities && typeof probabilities === "object") {
    nodes.push(makeBars(probabilities, model.classes, key(prediction), nameIn(model)));
    const share = probabilities[key(prediction)];
    if (typeof share === "number") summary += `, ${percent(share)}`;
  } else if (typeof prediction === "number" && model.task === "regressor" && model.range) {
    nodes.push(makeNumberLine(prediction, model.range));
  }
  return { nodes, summary, brief: summary.replace("Prediction: ", "") };
}

function drawMany(predictions, model) {
  const body = element("tbody");
  predictions.slice(0, MAX_ROWS).forEach((each, index) => {
    const isDetailed = each !== null && typeof each === "object" && "prediction" in each;
    const prediction = isDetailed ? each.prediction : each;
    const share = isDetailed && !Array.isArray(each.probabilities) ? each.probabilities?.[key(prediction)] : undefined;
    body.append(element("tr", {},
      element("th", { scope: "row" }, String(index)),
      element("td", {}, ...marked(prediction, model), label(prediction, model)),
      element("td", {}, typeof share === "number" ? percent(share) : "")));
  });
  const head = element("thead", {}, element("tr", {}, ...["Row", "Prediction", "Probability"].map((name) => element("th", { scope: "col" }, name))));
  const count = `${predictions.length} ${predictions.length === 1 ? "prediction" : "predictions"}`;
  const title = predictions.length > MAX_ROWS ? `${count}, the first ${MAX_ROWS} of them shown` : count;
  const table = element("table", {}, element("caption", {}, title), head, body);
  return { nodes: [element("div", { className: "table-scroll", tabIndex: 0, role: "region", "aria-label": "Predictions" }, table)], summary: count };
}

function marked(prediction, model) {
  const place = model.classes.indexOf(key(prediction));
  return place < 0 || Array.isArray(prediction) ? [] : [legendMark(place)];
}

/** Return a function for the name of a class for people, or its key without one. */
const nameIn = ({ labels }) => (name) => labels[name] ?? name;

function label(prediction, model) {
  const name = Array.isArray(prediction) ? undefined : model.labels[key(prediction)];
  if (name !== undefined) return name;
  if (prediction === null) return "no number";
  if (Array.isArray(prediction)) return prediction.map((each) => label(each, model)).join(", ");
  if (typeof prediction === "number" && model.task !== "classifier") return number(prediction);
  return typeof prediction === "object" ? JSON.stringify(prediction) : String(prediction);
}

/** A label as the key of `probabilities`. */
const key = (label) => (typeof label === "string" ? label : JSON.stringify(label));

function plain(text) {
  const shown = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}\n… and ${text.length - MAX_TEXT} characters more` : text;
  return element("pre", { className: "raw", tabIndex: 0, "aria-label": "Answer as JSON" }, element("code", {}, shown));
}
