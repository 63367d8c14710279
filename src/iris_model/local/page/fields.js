// One field per column of the model: a slider with a number, a choice, or text; and a box for "missing" where that is allowed.

import { element } from "./dom.js";

/**
 * @typedef {{name: string, kind: string, dtype?: string, missing?: boolean, categories?: unknown[], minimum?: number, maximum?: number}} Column
 * @typedef {{root: HTMLElement, input: HTMLElement, read: () => unknown, write: (value: unknown) => boolean, complain: (text: string) => void}} Field
 */

/** Thrown by `read` when what stands in a field is no value. */
export class NotAValue extends Error {}

/** @param {Column} column @param {number} index @param {() => void} onInput @returns {Field} */
export function makeField(column, index, onInput) {
  const id = `column-${index}`;
  const note = element("p", { id: `${id}-note`, className: "field-note" });
  const control = controlFor(column, id);
  const label = element("label", { htmlFor: id }, column.name);
  const head = element("div", { className: "field-head" }, label);
  const root = element("div", { className: `field ${control.kind}` }, head, ...control.parts, note);
  const rest = control.note ?? "";
  control.input.setAttribute("aria-describedby", note.id);

  const complain = (text) => {
    note.textContent = text || rest;
    note.classList.toggle("wrong", Boolean(text));
    if (text) control.input.setAttribute("aria-invalid", "true");
    else control.input.removeAttribute("aria-invalid");
  };
  complain("");

  let missing;
  if (column.missing && control.kind !== "choice") {
    missing = element("input", { type: "checkbox", id: `${id}-missing` });
    head.append(element("span", { className: "missing" }, missing, element("label", { htmlFor: missing.id }, "missing", element("span", { className: "hidden" }, `: ${column.name}`))));
    missing.addEventListener("change", () => control.enable(!missing.checked));
  }
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

function controlFor(column, id) {
  if (column.kind === "categorical" && column.categories?.length) return choiceControl(column, id);
  return column.kind === "numeric" || column.dtype === "float64" || column.dtype === "bool" ? numberControl(column, id) : textControl(column, id);
}

function numberControl({ name, minimum, maximum }, id) {
  const input = element("input", { type: "text", inputMode: "decimal", id, autocomplete: "off" });
  const read = () => {
    const text = input.value.trim().replace(/^(-?\d+),(\d+)$/, "$1.$2");
    const value = Number(text);
    if (text === "" || !Number.isFinite(value)) throw new NotAValue(text === "" ? "Enter a number." : `“${text}” is not a number.`);
    return value;
  };
  const accepts = (value) => typeof value === "number";
  if (!(maximum > minimum)) {
    return { kind: "number", input, parts: [input], read, accepts, write: (value) => { input.value = String(value); }, enable: (is) => { input.disabled = !is; } };
  }
  // Training saw this range. The slider keeps to it; the box beside it does not, for the model answers beyond as well.
  const step = 10 ** Math.floor(Math.log10((maximum - minimum) / 20));
  const digits = Math.max(0, -Math.log10(step));
  const slider = element("input", { type: "range", min: minimum, max: maximum, step: "any", "aria-label": `${name}, slider`, "aria-valuetext": "" });
  const follow = (value) => {
    const clamped = Math.min(maximum, Math.max(minimum, value));
    slider.value = String(clamped);
    slider.setAttribute("aria-valuetext", String(value));
    slider.style.setProperty("--share", `${(100 * (clamped - minimum)) / (maximum - minimum)}%`);
  };
  const write = (value) => {
    input.value = String(value);
    follow(value);
  };
  // `step` would count from the minimum, and 4.3 + 0.5 is nobody's number: values are rounded to the step here instead.
  slider.addEventListener("input", () => {
    const value = Math.min(maximum, Math.max(minimum, Number((Math.round(Number(slider.value) / step) * step).toFixed(digits))));
    input.value = String(value);
    slider.setAttribute("aria-valuetext", String(value));
    slider.style.setProperty("--share", `${(100 * (value - minimum)) / (maximum - minimum)}%`);
  });
  slider.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (!steps) return;
    event.preventDefault();
    const value = Math.min(maximum, Math.max(minimum, Number(slider.value) + steps * step));
    slider.value = String(value);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  });
  input.addEventListener("input", () => {
    const value = Number(input.value);
    if (input.value.trim() !== "" && Number.isFinite(value)) follow(value);
  });
  write(Number(((minimum + maximum) / 2).toFixed(digits)));
  const enable = (is) => {
    input.disabled = slider.disabled = !is;
  };
  return { kind: "range", input, parts: [element("div", { className: "slider" }, slider, input)], note: `${minimum} to ${maximum} in training`, read, accepts, write, enable };
}

function choiceControl(column, id) {
  const values = column.missing ? [...column.categories, null] : [...column.categories];
  const shown = (value) => (value === null ? "(missing)" : column.dtype === "bool" ? (value ? "true" : "false") : String(value));
  const input = element("select", { id }, ...values.map((value, place) => element("option", { value: String(place) }, shown(value))));
  const find = (value) => values.findIndex((each) => each === value || (column.dtype === "bool" && Number(each) === Number(value)));
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
  const input = column.kind === "text" ? element("textarea", { id, rows: 4 }) : element("input", { type: "text", id, autocomplete: "off" });
  return {
    kind: "text",
    input,
    parts: [input],
    read: () => input.value,
    accepts: (value) => typeof value === "string",
    write: (value) => { input.value = value; },
    enable: (is) => { input.disabled = !is; },
  };
}
