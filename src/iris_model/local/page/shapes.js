// One mark per class: a colour and a shape, so that the colour alone is never needed. Bars, legend and plot use the same marks.

import { svg } from "./dom.js";

// Paths around 0,0 of about the same area.
const SHAPES = [
  "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z",
  "M0 -4.9 4.6 3.6H-4.6Z",
  "M-3.6 -3.6H3.6V3.6H-3.6Z",
  "M0 -5.2 5.2 0 0 5.2 -5.2 0Z",
  "M-1.6 -4.8H1.6V-1.6H4.8V1.6H1.6V4.8H-1.6V1.6H-4.8V-1.6H-1.6Z",
  "M0 4.9 4.6 -3.6H-4.6Z",
];

/** The number of classes with a mark of their own. Further classes share one mark. */
export const MARKS = SHAPES.length;

/** @param {number} index of the class; -1 for none @returns {SVGElement} */
export function mark(index, attributes = {}) {
  const place = index >= 0 && index < MARKS ? index : -1;
  return svg("path", { d: SHAPES[Math.max(place, 0)], ...attributes, class: `mark series-${place < 0 ? "none" : place}` });
}

/** The marker next to a label. @param {number} index */
export function legendMark(index) {
  return svg("svg", { viewBox: "-6 -6 12 12", width: 12, height: 12, "aria-hidden": "true", class: "legend-mark" }, mark(index));
}
