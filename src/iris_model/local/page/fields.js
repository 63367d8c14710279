// One field per column of the model: a slider with a number, a choice, or text; and a box for "missing" if the model accepts it.

import { element } from "./dom.js";
import { makeScale, readNumber } from "./scale.js";

/**
 * @typedef {{name: string, kind: string, dtype?: string, missing?: boolean, categories?: unknown[], minimum?: number, maximum?: number}} Column
 * @typedef {{root: HTMLElement, input: HTMLElement, read: () => unknown, write: (value: unknown) => boolean, complain: (text: string) => void}} Field
 */

/** Thrown by `read` when the field holds no value. */
export class NotAValue extends Error {}

/** @param {Column} column @param {number} index @param {() => void} onInput @param {{hasSlider?: boolean}} [look] @returns {Field} */
export function makeField(column, index, onInput, { hasSlider = true } = {}) {
  const id = `column-${index}`;
  const note = element("p", { id: `${id}-note`, className: "field-note" });
  const control = controlFor(column, id, hasSlider);
  const label = element("label", { htmlFor: id }, column.name);
  const head = element("div", { className: "field-head" }, label);
  const root = element("div", { className: `field ${control.kind}` }, head, ...control.parts, note);
  control.input.setAttribute("aria-describedby", note.id);

  const complain = (text) => {
    const outside = missing?.checked ? "" : (control.outside?.() ?? "");
    note.textContent = text || outside || (control.note ?? "");
    note.classList.toggle("wrong", Boolean(text));
    note.classList.toggle("outside", !text && outside !== "");
    root.classList.toggle("outside", !text && outside !== "");
    if (text) control.input.setAttribute("aria-invalid", "true");
    else control.input.removeAttribute("aria-invalid");
  };

  let missing;
  if (column.missing && control.kind !== "choice") {
    missing = element("input", { type: "checkbox", id: `${id}-missing` });
    head.append(element("span", { className: "missing" }, missing, element("label", { htmlFor: missing.id }, "missing", element("span", { className: "hidden" }, `: ${column.name}`))));
    missing.addEventListener("change", () => control.enable(!missing.checked));
  }
  complain("");
  root.addEventListener("input", () => {
    complain("");
    onInput();
  });

  return {
    root,
    input: control.input,
    complain,
    read: () => (missing?.checked ? null : control.read()),
    write(value) {
      if (value === null && missing) {
        missing.checked = true;
        control.enable(false);
        complain("");
        return true;
      }
      if (!control.accepts(value)) return false;
      if (missing) {
        missing.checked = false;
        control.enable(true);
      }
      control.write(value);
      complain("");
      return true;
    },
  };
}

function controlFor(column, id, hasSlider) {
  if (column.kind === "categorical" && column.categories?.length) return choiceControl(column, id);
  if (column.dtype === "bool") return choiceControl({ ...column, categories: [false, true] }, id);
  const holdsNumbers = column.kind === "numeric" || /^u?(float|int)\d+$/.test(column.dtype ?? "");
  return holdsNumbers ? numberControl(column, id, hasSlider) : textControl(column, id);
}

const short = (value) => Number(value.toPrecision(5));

function numberControl({ name, dtype, minimum, maximum }, id, hasSlider) {
  const isWhole = /^u?int\d+$/.test(dtype ?? "");
  const input = element("input", { type: "text", inputMode: isWhole && !(minimum < 0) ? "numeric" : "decimal", id, autocomplete: "off" });
  const read = () => {
    const value = readNumber(input.value);
    if (value === null) throw new NotAValue(input.value.trim() === "" ? "Enter a number." : `“${input.value.trim()}” is not a number.`);
    return value;
  };
  const hasRange = maximum >= minimum;
  const seen = hasRange ? (maximum > minimum ? `${short(minimum)} to ${short(maximum)} in training` : `always ${short(minimum)} in training`) : "";
  // The model answers such values too, but it learned nothing about them.
  const outside = () => {
    const value = readNumber(input.value);
    if (hasRange && value !== null && (value < minimum || value > maximum)) return `Outside the training range: ${seen}`;
    return isWhole && value !== null && !Number.isInteger(value) ? "Not a whole number, as all values in training" : "";
  };
  const common = { input, read, outside, accepts: (value) => typeof value === "number" };
  if (!hasSlider || !(maximum > minimum)) {
    return { ...common, kind: "number", parts: [input], note: hasSlider ? seen : "", write: (value) => { input.value = String(value); }, enable: (is) => { input.disabled = !is; } };
  }
  // The slider is limited to the training range. The number box is not, because the model also answers outside of it.
  const scale = makeScale(minimum, maximum, isWhole);
  const slider = element("input", { type: "range", min: minimum, max: maximum, step: "any", "aria-label": `${name}, slider`, "aria-valuetext": "" });
  const follow = (value) => {
    slider.value = String(scale.clamp(value));
    slider.setAttribute("aria-valuetext", String(value));
    slider.style.setProperty("--share", `${scale.percent(value)}%`);
  };
  const write = (value) => {
    input.value = String(value);
    follow(value);
  };
  slider.addEventListener("input", () => {
    const value = scale.round(Number(slider.value));
    input.value = String(value);
    slider.setAttribute("aria-valuetext", String(value));
    slider.style.setProperty("--share", `${scale.percent(value)}%`);
  });
  slider.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (!steps) return;
    event.preventDefault();
    slider.value = String(scale.clamp(Number(slider.value) + steps * scale.step));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  });
  input.addEventListener("input", () => {
    const value = readNumber(input.value);
    if (value !== null) follow(value);
  });
  write(scale.round((minimum + maximum) / 2));
  const enable = (is) => {
    input.disabled = slider.disabled = !is;
  };
  return { ...common, kind: "range", parts: [element("div", { className: "slider" }, slider, input)], note: seen, write, enable };
}

function choiceControl(column, id) {
  // A model file may contain booleans as 0 and 1. The function accepts both. The request uses the type of the column.
  const known = column.dtype === "bool" ? column.categories.map((each) => (each === null ? null : Boolean(each))) : column.categories;
  const values = column.missing && !known.includes(null) ? [...known, null] : [...known];
  const shown = (value) => (value === null ? "(missing)" : String(value));
  const input = element("select", { id }, ...values.map((value, place) => element("option", { value: String(place) }, shown(value))));
  const find = (value) => values.findIndex((each) => each === value || (column.dtype === "bool" && each !== null && value !== null && Number(each) === Number(value)));
  return {
    kind: "choice",
    input,
    parts: [input],
    read: () => values[Number(input.value)],
    accepts: (value) => find(value) >= 0,
    write: (value) => { input.value = String(find(value)); },
    enable: (is) => { input.disabled = !is; },
  };
}

function textControl(column, id) {
  const isDate = /^datetime/.test(column.dtype ?? "");
  const input = column.kind === "text" && !isDate ? element("textarea", { id, rows: 4 }) : element("input", { type: "text", id, autocomplete: "off" });
  return {
    kind: "text",
    input,
    parts: [input],
    note: isDate ? "date and time, such as 2024-02-03T10:00:00" : undefined,
    read: () => input.value,
    accepts: (value) => typeof value === "string",
    write: (value) => { input.value = value; },
    enable: (is) => { input.disabled = !is; },
  };
}
