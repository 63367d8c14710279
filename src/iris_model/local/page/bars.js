// Probabilities as bars: one line per class with its mark, its name, the bar and the number.

import { element } from "./dom.js";
import { legendMark } from "./shapes.js";

const SHOWN = 10;

/** Format 0.97834 as "97.8 %". A tiny value is "< 0.1 %", not 0. @param {number} value */
export function percent(value) {
  if (value > 0 && value < 0.001) return "< 0.1 %";
  if (value < 1 && value > 0.999) return "> 99.9 %";
  return `${(value * 100).toFixed(1)} %`;
}

/**
 * @param {Record<string, number | null>} the probability of each class
 * @param {string[]} classes in the order of the model, which decides the mark of each class
 * @param {string} chosen the class that was predicted
 * @param {(name: string) => string} [labelOf] the name of a class for people
 */
export function makeBars(probabilities, classes, chosen, labelOf = (name) => name) {
  const all = Object.entries(probabilities);
  // A few classes keep their order in every answer. Of many classes, the most probable ones come first.
  const shown = all.length > SHOWN ? [...all].sort((a, b) => (b[1] ?? 0) - (a[1] ?? 0)).slice(0, SHOWN) : all;
  const list = element("ul", { className: "bars", "aria-label": "Probabilities" });
  for (const [name, value] of shown) {
    const fill = element("span", { className: "fill" });
    fill.style.width = `${100 * (value ?? 0)}%`;
    const place = classes.indexOf(name);
    fill.classList.add(`series-${place >= 0 && place < 6 ? place : "none"}`);
    list.append(
      element("li", { className: name === chosen ? "chosen" : "" },
        element("span", { className: "bar-name" }, legendMark(place), element("span", {}, labelOf(name))),
        element("span", { className: "track", "aria-hidden": "true" }, fill),
        element("span", { className: "bar-value" }, value === null ? "no number" : percent(value))),
    );
  }
  const rest = all.length - shown.length;
  if (rest > 0) list.append(element("li", { className: "rest" }, `and ${rest} less likely ones`));
  return list;
}
