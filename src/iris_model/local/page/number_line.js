// Draws a predicted number on a line with the range of the training data.

import { element, svg } from "./dom.js";

const WIDTH = 400;

/** @param {number} the value to format */
export function number(value) {
  if (!Number.isFinite(value)) return "no number";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return value.toExponential(4);
  return value.toLocaleString("en", { maximumFractionDigits: size >= 1000 ? 1 : size >= 1 ? 3 : 6 });
}

/** @param {number} value @param {{minimum: number, maximum: number, name: string}} range */
export function makeNumberLine(value, { minimum, maximum, name }) {
  const low = Math.min(minimum, value);
  const high = Math.max(maximum, value);
  const place = (at) => 10 + ((WIDTH - 20) * (at - low)) / (high - low || 1);
  const isBeyond = value < minimum || value > maximum;
  const text = `${name || "The target"} was ${number(minimum)} to ${number(maximum)} in training${isBeyond ? "; this prediction is outside of this range" : ""}.`;
  return element("figure", { className: "number-line" },
    svg("svg", { viewBox: `0 0 ${WIDTH} 36`, "aria-hidden": "true" },
      svg("line", { x1: 10, x2: WIDTH - 10, y1: 18, y2: 18, class: "axis" }),
      svg("line", { x1: place(minimum), x2: place(maximum), y1: 18, y2: 18, class: "trained" }),
      svg("path", { d: `M${place(value)} 4 l9 14 -9 14 -9 -14Z`, class: "value" })),
    element("figcaption", {}, text));
}
