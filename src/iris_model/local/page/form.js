// The form made from the model's signature: fields in, one row out, and back.

import { element } from "./dom.js";
import { makeField, NotAValue } from "./fields.js";

// A form with more fields is hard to use. The event editor takes the row as a list.
export const MAX_FIELDS = 300;
const WITHOUT_SLIDERS_FROM = 40;

/**
 * @param {HTMLElement} container
 * @param {{columns: import("./fields.js").Column[], example: unknown[] | null}} model
 * @param {() => void} onInput
 */
export function makeForm(container, model, onInput) {
  const { columns, example } = model;
  const isLong = columns.length >= WITHOUT_SLIDERS_FROM;
  const fields = columns.map((column, index) =>
    makeField(column, index, onInput, { hasSlider: !isLong }));
  container.classList.toggle("many", isLong);
  container.replaceChildren(...fields.map((field) => field.root));
  if (!columns.length) container.append(element("p", { className: "hint" }, "This model has no features."));

  const asRow = (value) => {
    if (Array.isArray(value)) return value.length === columns.length && !value.some((cell) => typeof cell === "object" && cell !== null) ? value : null;
    if (value === null || typeof value !== "object") return null;
    const names = Object.keys(value);
    return names.length === columns.length && columns.every((column) => column.name in value) ? columns.map((column) => value[column.name]) : null;
  };

  /** Write a row or a named row into the fields. Return false, without a change, if it does not fit. */
  function fill(value) {
    const row = asRow(value);
    if (!row) return false;
    const before = fields.map((field) => {
      try {
        return { value: field.read() };
      } catch {
        return null;
      }
    });
    const fits = fields.every((field, index) => field.write(row[index]));
    if (!fits) fields.forEach((field, index) => before[index] && field.write(before[index].value));
    return fits;
  }

  if (example) fill(example);
  return {
    fill,
    /** Return the cells of a row or of a named row; null for another value. */
    cellsOf: asRow,
    /** @returns {unknown[]} the row; throws NotAValue, with the first wrong field focused */
    read() {
      let first;
      const row = fields.map((field) => {
        try {
          return field.read();
        } catch (problem) {
          if (!(problem instanceof NotAValue)) throw problem;
          field.complain(problem.message);
          first ??= field;
          return null;
        }
      });
      if (first) {
        first.input.focus();
        throw new NotAValue(first.root.querySelector("label").textContent);
      }
      return row;
    },
    /** Return the row for the plot and the code; undefined for a field without a value. */
    peek: () =>
      fields.map((field) => {
        try {
          return field.read();
        } catch {
          return undefined;
        }
      }),
    /** Set one feature. A click into the plot does this. */
    set(name, value) {
      const place = columns.findIndex((column) => column.name === name);
      if (place >= 0) fields[place].write(value);
    },
    /** Mark the feature that the model refused. @returns {boolean} whether the form has this feature */
    complain(feature, text, isFocused = true) {
      const place = columns.findIndex((column) => column.name === feature);
      if (place < 0) return false;
      fields[place].complain(text);
      if (isFocused) fields[place].input.focus();
      return true;
    },
  };
}
