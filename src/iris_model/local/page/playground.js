// The playground page: a form made from the model card, the answer drawn, the log followed.
// Everything shown comes from the function or the log, so it is put in as text, never as markup.

const LOG_INTERVAL_MS = 1000;
const KEPT_LINES = 1000;
const $ = (id) => document.getElementById(id);

let target; // the function: {name, route, memory, timeout, ...}
let columns = []; // of the model card; empty when the function has none

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// --- the form -------------------------------------------------------------------------------------------------------

function numberField(column, id) {
  const { minimum, maximum } = column;
  const number = element("input", { type: "number", id, step: "any", required: !column.missing });
  if (minimum === undefined || !(maximum > minimum)) return [number];
  // Training saw this range. The slider keeps to it; the box beside it does not, for the model answers beyond as well.
  const step = 10 ** Math.floor(Math.log10((maximum - minimum) / 50));
  const digits = Math.max(0, -Math.log10(step));
  const middle = ((minimum + maximum) / 2).toFixed(digits);
  const slider = element("input", { type: "range", min: minimum, max: maximum, step, ariaLabel: `${column.name}, slider` });
  slider.value = number.value = middle;
  slider.addEventListener("input", () => { number.value = Number(slider.value).toFixed(digits); showCurl(); });
  number.addEventListener("input", () => { slider.value = number.value; });
  return [slider, number, element("span", { className: "range" }, `${minimum} to ${maximum} in training`)];
}

function makeField(column, index) {
  const id = `column-${index}`;
  const parts = [element("label", { htmlFor: id }, column.name)];
  if (column.kind === "categorical" && column.categories) {
    const choices = column.categories.map((each) => element("option", { value: JSON.stringify(each) }, String(each)));
    if (column.missing) choices.push(element("option", { value: "null" }, "(missing)"));
    parts.push(element("select", { id }, ...choices));
  } else if (column.kind === "numeric") {
    parts.push(...numberField(column, id));
  } else {
    parts.push(element("input", { type: "text", id }));
  }
  return element("div", { className: "field" }, ...parts);
}

function readField(column, index) {
  const field = $(`column-${index}`);
  if (field.tagName === "SELECT") return JSON.parse(field.value);
  if (column.kind !== "numeric") return field.value;
  return field.value === "" ? null : Number(field.value);
}

function requestBody() {
  return columns.length ? JSON.stringify(columns.map(readField)) : $("event").value;
}

// --- request and answer ---------------------------------------------------------------------------------------------

function showCurl() {
  const quoted = requestBody().replaceAll("'", "'\\''");
  $("curl").textContent = `curl -XPOST "${location.origin}${target.route}" -H "content-type: application/json" -d '${quoted}'`;
}

function showPrediction(answer) {
  const parts = [element("div", { className: "prediction" }, String(answer.prediction))];
  for (const [label, value] of Object.entries(answer.probabilities ?? {})) {
    const share = `${(value * 100).toFixed(1)} %`;
    const meter = element("meter", { min: 0, max: 1, value, ariaLabel: `probability of ${label}` }, share);
    parts.push(element("div", { className: "bar" }, element("span", {}, label), meter, element("span", {}, share)));
  }
  $("answer").replaceChildren(...parts);
}

async function ask(event) {
  event.preventDefault();
  showCurl();
  const output = $("answer");
  output.className = "";
  output.textContent = "…";
  try {
    const response = await fetch(target.route, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: requestBody(),
    });
    const text = await response.text();
    let answer;
    try { answer = JSON.parse(text); } catch { answer = undefined; }
    if (response.ok && answer !== null && typeof answer === "object" && "prediction" in answer) {
      showPrediction(answer);
    } else {
      output.className = response.ok ? "" : "failed";
      const said = answer === undefined ? text : answer?.detail ?? JSON.stringify(answer, null, 2);
      output.textContent = response.ok ? said : `${response.status}: ${said}`;
    }
  } catch {
    output.className = "failed";
    output.textContent = "The service does not answer. Is `iris-model serve` still running?";
  }
}

// --- the log --------------------------------------------------------------------------------------------------------

function lineClass(line) {
  if (line.source !== "platform") return "";
  if (/Status: (error|timeout)|"status":"(error|failure|timeout)"|is lost|malformed response/.test(line.text)) return "failed";
  return /Init Duration|initDurationMs/.test(line.text) ? "cold" : "platform";
}

async function followLog() {
  const list = $("log");
  let last = 0;
  for (;;) {
    try {
      const { lines } = await (await fetch(`/_local/log?after=${last}`)).json();
      if (lines.length) {
        const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
        list.append(...lines.map((line) => element("li", { className: lineClass(line) }, line.text)));
        while (list.childElementCount > KEPT_LINES) list.firstChild.remove();
        last = lines.at(-1).sequence;
        if (atEnd) list.scrollTop = list.scrollHeight;
      }
    } catch { /* the service is gone, or restarts; the next round will tell */ }
    await new Promise((resolve) => setTimeout(resolve, LOG_INTERVAL_MS));
  }
}

// --- start ----------------------------------------------------------------------------------------------------------

async function start() {
  const { functions } = await (await fetch("/_local/functions")).json();
  target = functions[0];
  document.title = `${target.name} · iris-model`;
  $("name").textContent = target.name;
  const about = [`${target.memory} MB`, `${target.timeout} s timeout`];
  let card;
  try {
    const response = await fetch(target.route, { headers: { accept: "application/json" } });
    if (response.ok) card = await response.json();
  } catch { /* no card: any Lambda function may be served here */ }
  columns = card?.columns ?? card?.signature?.columns ?? [];
  if (card?.task) about.unshift(card.task);
  if (card?.classes) about.push(`classes: ${card.classes.join(", ")}`);
  $("about").textContent = about.join(" · ");
  $("fields").replaceChildren(...columns.map(makeField));
  $("raw").hidden = columns.length > 0;
  $("form").addEventListener("submit", ask);
  $("form").addEventListener("input", showCurl);
  $("copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText($("curl").textContent);
    $("copy").textContent = "Copied";
    setTimeout(() => { $("copy").textContent = "Copy"; }, 1500);
  });
  showCurl();
  followLog();
}

start();
