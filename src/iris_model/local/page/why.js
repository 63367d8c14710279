// Shows why the model answered as it did: the contribution of each feature to the score, computed by the local service.

import { byId, element } from "./dom.js";
import { describeScore, makeFormat, rank } from "./contributions.js";
import { fetchExplanation } from "./service.js";

/** @returns {{show: (functionName: string, row: unknown[], labelOf: (target: unknown) => string) => void, hide: () => void}} */
export function makeWhy() {
  const [section, body] = ["why", "why-body"].map(byId);
  let running = null;

  function hide() {
    running?.abort();
    running = null;
    section.hidden = true;
  }

  return {
    hide,
    async show(name, row, labelOf) {
      running?.abort();
      const own = new AbortController();
      running = own;
      let found;
      try {
        found = await fetchExplanation(name, row, own.signal);
      } catch (error) {
        if (running !== own) return;
        found = { problem: error.detail ?? error.message };
      }
      if (running !== own) return;
      section.hidden = false;
      body.replaceChildren(...(found.problem ? [element("p", { className: "hint" }, found.problem)] : draw(found, labelOf)));
    },
  };
}

function draw({ method, meaning, target, base, score, contributions, background_rows: rows, background }, labelOf) {
  const { shown, rest, widest } = rank(contributions);
  const of = describeScore(meaning, target === null ? null : labelOf(target));
  const format = makeFormat([score, base, ...shown.map(({ value }) => value)]);
  const signed = (value) => (format(value).startsWith("−") ? format(value) : `+${format(value)}`);
  const list = element("ul", { className: "contributions", "aria-label": `Contributions to the ${of}` });
  const line = (name, value, className = "") => {
    const bar = element("span", { className: `part ${value < 0 ? "minus" : "plus"}` });
    bar.style.setProperty("--share", `${widest ? (50 * Math.abs(value)) / widest : 0}%`);
    return element("li", { className },
      element("span", { className: "bar-name" }, name),
      element("span", { className: "balance", "aria-hidden": "true" }, bar),
      element("span", { className: "bar-value" }, signed(value)));
  };
  list.append(...shown.map(({ name, value }) => line(name, value)));
  if (rest) list.append(line(`${rest.count} others`, rest.value, "rest"));
  return [
    element("p", { className: "sum" }, `${capital(of)}: `, element("strong", {}, format(score)), `. On average it is ${format(base)}; the features add ${signed(score - base)}.`),
    list,
    element("p", { className: "hint" }, `${method}, compared with ${rows} of ${background}.`),
  ];
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);
