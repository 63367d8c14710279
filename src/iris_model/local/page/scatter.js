// Plots the training data along two features, with the point of the request. A click into the plot requests that point.

import { element, svg } from "./dom.js";
import { levels, makeRuns } from "./regions.js";
import { isWanted, makeShading, setWanted } from "./shading.js";
import { legendMark, mark, MARKS } from "./shapes.js";
import { labelWidth, spread, ticks } from "./ticks.js";

const [WIDEST, NARROWEST, HEIGHT] = [640, 240, 330];
const EDGE = { left: 44, right: 12, top: 10, bottom: 34 }; // `left` is the least: long labels need more

/**
 * @typedef {{features: string[], rows: (number | null)[][], labels: string[] | null, target: string | null, total: number}} Points
 * @param {HTMLElement} figure
 * @param {Points} points
 * @param {object} model
 * @param {string[]} model.classes in the order of their marks; empty for a regressor
 * @param {string[]} model.trained the same classes, as the training data writes them
 * @param {(name: string) => string} model.labelOf the name of a class for people
 * @param {string[]} model.columns the names of all columns
 * @param {((asked: object, signal: AbortSignal) => Promise<{predictions: unknown[]}>) | null} model.fetchRegions null if there is no picture of the decisions
 * @param {(values: Record<string, number>) => void} onPick
 * @returns {{show: (row: Record<string, unknown>) => void, stop: () => void}} `show` shows the point of a row
 */
export function makeScatter(figure, points, { classes, trained, labelOf, columns, fetchRegions }, onPick) {
  const { features } = points;
  const keyOf = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  const axes = { x: chooser("Across", features, Math.max(0, features.length - 2)), y: chooser("Up", features, features.length - 1) };
  const plot = svg("svg", { role: "img" });
  const caption = element("figcaption");
  const series = seriesOf(points, classes, trained, labelOf, fetchRegions !== null);
  const shading = fetchRegions && makeShading({ fetch: fetchRegions, onFound: showRegions });
  const box = element("input", { type: "checkbox", id: "regions", checked: isWanted() });
  const line = shading ? [element("p", { className: "regions-line" }, box, element("label", { htmlFor: "regions" }, "Decisions of the model"))] : [];
  box.addEventListener("change", () => {
    setWanted(box.checked);
    if (!box.checked) shading.stop();
    draw();
  });
  let regions = null;
  const legend = element("ul", { className: "legend" }, ...series.names.map((name, place) => element("li", {}, legendMark(series.marks[place]), name)));
  figure.replaceChildren(
    element("div", { className: "scatter-head" }, element("p", { className: "scatter-title" }, title(points)), element("div", { className: "axes" }, ...axes.x.parts, ...axes.y.parts)),
    plot, legend, ...line, caption);
  let asked = {};
  let scale;
  let edge = EDGE.left;
  let width = WIDEST;

  function draw() {
    const [x, y] = [features.indexOf(axes.x.select.value), features.indexOf(axes.y.select.value)];
    const shown = points.rows.map((row, index) => [row[x], row[y], index]).filter(([a, b]) => a !== null && b !== null);
    const [left, right] = spread(shown.map(([a]) => a).concat(numbersOf(asked[features[x]])));
    const [bottom, top] = spread(shown.map(([, b]) => b).concat(numbersOf(asked[features[y]])));
    const spacing = Math.max(60, labelWidth(ticks(left, right, 6)) + 16);
    const across = ticks(left, right, Math.round(width / spacing));
    const heights = ticks(bottom, top, 6);
    edge = Math.max(EDGE.left, labelWidth(heights) + 10);
    scale = {
      x: (value) => edge + ((width - edge - EDGE.right) * (value - left)) / (right - left),
      y: (value) => HEIGHT - EDGE.bottom - ((HEIGHT - EDGE.top - EDGE.bottom) * (value - bottom)) / (top - bottom),
      xAt: (place) => left + ((right - left) * (place - edge)) / (width - edge - EDGE.right),
      yAt: (place) => bottom + ((top - bottom) * (HEIGHT - EDGE.bottom - place)) / (HEIGHT - EDGE.top - EDGE.bottom),
    };
    if (shading && box.checked) {
      const cells = columns.map((name) => asked[name]);
      const isWhole = cells.every((cell) => cell !== undefined);
      shading.show(isWhole ? cells : null, columns.indexOf(features[x]), columns.indexOf(features[y]), { left, right, bottom, top });
    }
    const marks = shown.map(([a, b, index]) => mark(series.markOf(index), { transform: `translate(${scale.x(a).toFixed(1)} ${scale.y(b).toFixed(1)})` }));
    plot.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    plot.replaceChildren(
      ...drawRegions(),
      ...across.flatMap((at) => [svg("line", { class: "grid", x1: scale.x(at), x2: scale.x(at), y1: EDGE.top, y2: HEIGHT - EDGE.bottom }), svg("text", { class: "tick", x: scale.x(at), y: HEIGHT - EDGE.bottom + 16, "text-anchor": "middle" }, String(at))]),
      ...heights.flatMap((at) => [svg("line", { class: "grid", x1: edge, x2: width - EDGE.right, y1: scale.y(at), y2: scale.y(at) }), svg("text", { class: "tick", x: edge - 8, y: scale.y(at) + 4, "text-anchor": "end" }, String(at))]),
      svg("g", { class: "cloud" }, ...marks),
      ...drawAsked(x, y));
    describe(features[x], features[y], shown.length);
  }

  function showRegions(found) {
    regions = found;
    if (scale) draw();
  }

  /** Draw the decisions in the coordinates of the moment: the axes may have moved since they were asked for. */
  function drawRegions() {
    if (!regions) return [];
    const { predictions, box: { left, right, bottom, top }, width: count } = regions;
    const isClasses = classes.length > 0;
    const values = isClasses ? predictions.map((each) => Math.min(classes.indexOf(keyOf(each)), MARKS)) : levels(predictions);
    const rows = predictions.length / count;
    const across = (right - left) / count;
    const up = (top - bottom) / rows;
    const clip = svg("clipPath", { id: "plot-clip" }, svg("rect", { x: edge, y: EDGE.top, width: width - edge - EDGE.right, height: HEIGHT - EDGE.top - EDGE.bottom }));
    const group = svg("g", { class: "regions", "clip-path": "url(#plot-clip)" });
    for (const { row, from, to, value } of makeRuns(values, count)) {
      const [x1, x2, y1, y2] = [scale.x(left + from * across), scale.x(left + to * across), scale.y(bottom + (row + 1) * up), scale.y(bottom + row * up)];
      const look = isClasses ? `region series-${value >= 0 && value < MARKS ? value : "none"}` : `region level-${value}`;
      group.append(svg("rect", { x: x1.toFixed(1), y: y1.toFixed(1), width: (x2 - x1 + 0.4).toFixed(1), height: (y2 - y1 + 0.4).toFixed(1), class: look }));
    }
    return [clip, group];
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
    const place = (write) => isThere ? `Your point: ${write(x)} ${round(a)}, ${write(y)} ${round(b)}.` : "The request is not one row with both values, so it is not shown.";
    caption.textContent = `${place(isolated)} Click to move it.${regions ? " Shaded: what the model answers there, with your other values." : ""}`;
    plot.setAttribute("aria-label", `Scatter plot of ${count} rows of training data, ${x} across and ${y} up. ${place(String)}`);
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
  return {
    show(row) {
      asked = row;
      draw();
    },
    stop: () => shading?.stop(),
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
function seriesOf({ labels }, classes, trained, labelOf, hasDecisions) {
  if (!classes.length || !(labels || hasDecisions)) return { names: [], marks: [], markOf: () => -1 };
  const known = new Set(labels ?? []);
  // A file may write the class 1 as 1.0.
  const places = new Map([...known].map((label) => [label, trained.findIndex((each) => each === label || (label !== "" && Number(each) === Number(label)))]));
  const names = classes.slice(0, MARKS).map(labelOf);
  return { names: classes.length > MARKS ? [...names, "others"] : names, marks: [...names.keys(), -1], markOf: (index) => places.get(labels?.[index]) ?? -1 };
}

const numbersOf = (value) => (typeof value === "number" ? [value] : []);
const round = (value) => Number(value.toPrecision(3));
const isolated = (name) => `\u2068${name}\u2069`; // a name that is written from right to left must not move the number
