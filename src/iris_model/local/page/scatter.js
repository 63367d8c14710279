// Plots the training data along two features, with the point of the request. A click into the plot requests that point.

import { element, svg } from "./dom.js";
import { legendMark, mark, MARKS } from "./shapes.js";
import { spread, ticks } from "./ticks.js";

const [WIDEST, NARROWEST, HEIGHT] = [640, 240, 330];
const EDGE = { left: 44, right: 12, top: 10, bottom: 34 };

/**
 * @typedef {{features: string[], rows: (number | null)[][], labels: string[] | null, target: string | null, total: number}} Points
 * @param {HTMLElement} figure
 * @param {Points} points
 * @param {string[]} classes of the model, in the order of their marks; empty for a regressor
 * @param {(values: Record<string, number>) => void} onPick
 * @returns {(row: Record<string, unknown>) => void} shows the point of a row
 */
export function makeScatter(figure, points, classes, onPick) {
  const { features } = points;
  const axes = { x: chooser("Across", features, Math.max(0, features.length - 2)), y: chooser("Up", features, features.length - 1) };
  const plot = svg("svg", { role: "img" });
  const caption = element("figcaption");
  const series = seriesOf(points, classes);
  const legend = element("ul", { className: "legend" }, ...series.names.map((name, place) => element("li", {}, legendMark(series.marks[place]), name)));
  figure.replaceChildren(
    element("div", { className: "scatter-head" }, element("p", { className: "scatter-title" }, title(points)), element("div", { className: "axes" }, ...axes.x.parts, ...axes.y.parts)),
    plot, legend, caption);
  let asked = {};
  let scale;
  let width = WIDEST;

  function draw() {
    const [x, y] = [features.indexOf(axes.x.select.value), features.indexOf(axes.y.select.value)];
    const shown = points.rows.map((row, index) => [row[x], row[y], index]).filter(([a, b]) => a !== null && b !== null);
    const [left, right] = spread(shown.map(([a]) => a).concat(numbersOf(asked[features[x]])));
    const [bottom, top] = spread(shown.map(([, b]) => b).concat(numbersOf(asked[features[y]])));
    scale = {
      x: (value) => EDGE.left + ((width - EDGE.left - EDGE.right) * (value - left)) / (right - left),
      y: (value) => HEIGHT - EDGE.bottom - ((HEIGHT - EDGE.top - EDGE.bottom) * (value - bottom)) / (top - bottom),
      xAt: (place) => left + ((right - left) * (place - EDGE.left)) / (width - EDGE.left - EDGE.right),
      yAt: (place) => bottom + ((top - bottom) * (HEIGHT - EDGE.bottom - place)) / (HEIGHT - EDGE.top - EDGE.bottom),
    };
    const marks = shown.map(([a, b, index]) => mark(series.markOf(index), { transform: `translate(${scale.x(a).toFixed(1)} ${scale.y(b).toFixed(1)})` }));
    plot.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    plot.replaceChildren(
      ...ticks(left, right, Math.round(width / 60)).flatMap((at) => [svg("line", { class: "grid", x1: scale.x(at), x2: scale.x(at), y1: EDGE.top, y2: HEIGHT - EDGE.bottom }), svg("text", { class: "tick", x: scale.x(at), y: HEIGHT - EDGE.bottom + 16, "text-anchor": "middle" }, String(at))]),
      ...ticks(bottom, top, 6).flatMap((at) => [svg("line", { class: "grid", x1: EDGE.left, x2: width - EDGE.right, y1: scale.y(at), y2: scale.y(at) }), svg("text", { class: "tick", x: EDGE.left - 8, y: scale.y(at) + 4, "text-anchor": "end" }, String(at))]),
      svg("g", { class: "cloud" }, ...marks),
      ...drawAsked(x, y));
    describe(features[x], features[y], shown.length);
  }

  function drawAsked(x, y) {
    const [a, b] = [asked[features[x]], asked[features[y]]];
    if (typeof a !== "number" || typeof b !== "number") return [];
    const [across, up] = [scale.x(a), scale.y(b)];
    return [svg("g", { class: "asked", transform: `translate(${across.toFixed(1)} ${up.toFixed(1)})` }, svg("circle", { r: 11, class: "ring" }), svg("path", { d: "M-17 0H-6M6 0H17M0 -17V-6M0 6V17" }), svg("circle", { r: 3, class: "dot" }))];
  }

  function describe(x, y, count) {
    const [a, b] = [asked[x], asked[y]];
    const isThere = typeof a === "number" && typeof b === "number";
    const place = isThere ? `Your point: ${x} ${round(a)}, ${y} ${round(b)}.` : "The request is not one row with both values, so it is not shown.";
    caption.textContent = `${place} Click to move it.`;
    plot.setAttribute("aria-label", `Scatter plot of ${count} rows of training data, ${x} across and ${y} up. ${place}`);
  }

  for (const { select } of Object.values(axes)) select.addEventListener("change", draw);
  plot.addEventListener("click", (event) => {
    const box = plot.getBoundingClientRect();
    const across = ((event.clientX - box.left) * width) / box.width;
    const up = ((event.clientY - box.top) * HEIGHT) / box.height;
    onPick({ [axes.x.select.value]: round(scale.xAt(across)), [axes.y.select.value]: round(scale.yAt(up)) });
  });
  // Drawn for the available width, so that marks and letters keep their size on a narrow screen.
  new ResizeObserver(([{ contentRect }]) => {
    const now = Math.min(WIDEST, Math.max(NARROWEST, Math.round(contentRect.width)));
    if (now === width || contentRect.width === 0) return;
    width = now;
    draw();
  }).observe(plot);
  draw();
  return (row) => {
    asked = row;
    draw();
  };
}

function chooser(name, features, start) {
  const id = `axis-${name.toLowerCase()}`;
  const select = element("select", { id }, ...features.map((feature, place) => element("option", { value: feature, selected: place === start }, feature)));
  return { select, parts: [element("label", { htmlFor: id }, name), select] };
}

function title({ total, rows }) {
  return rows.length < total ? `${rows.length.toLocaleString("en")} of ${total.toLocaleString("en")} training rows` : `${total.toLocaleString("en")} training rows`;
}

/** Return the classes with their marks. With more classes than marks, and for numbers, all points look the same. */
function seriesOf({ labels }, classes) {
  if (!labels || !classes.length) return { names: [], marks: [], markOf: () => -1 };
  const known = new Set(labels);
  // A file may write the class 1 as 1.0.
  const places = new Map([...known].map((label) => [label, classes.findIndex((each) => each === label || (label !== "" && Number(each) === Number(label)))]));
  const names = classes.slice(0, MARKS);
  return { names: classes.length > MARKS ? [...names, "others"] : names, marks: [...names.keys(), -1], markOf: (index) => places.get(labels[index]) };
}

const numbersOf = (value) => (typeof value === "number" ? [value] : []);
const round = (value) => Number(value.toPrecision(3));
