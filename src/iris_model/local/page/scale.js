// Numbers of a slider: its steps, and the parsing of the number box next to it.

const ABOUT_STEPS = 20;

/** Return the number in a text, with a decimal point or a decimal comma; null if it is no number. @param {string} text */
export function readNumber(text) {
  const plain = text.trim().replace(/^([+-]?\d+),(\d+)$/, "$1.$2");
  const value = Number(plain);
  return plain !== "" && Number.isFinite(value) ? value : null;
}

/**
 * Return the steps between two numbers. A range input counts its `step` from the minimum (4.3, 4.8, ...), so values
 * are rounded here, to multiples of a power of ten. @param {boolean} isWhole if true, the step is at least 1
 */
export function makeScale(minimum, maximum, isWhole) {
  const power = 10 ** Math.floor(Math.log10((maximum - minimum) / ABOUT_STEPS));
  const step = isWhole ? Math.max(1, power) : power;
  const digits = Math.min(100, Math.max(0, -Math.floor(Math.log10(step))));
  const clamp = (value) => Math.min(maximum, Math.max(minimum, value));
  return {
    step,
    clamp,
    /** Return the nearest step inside the range. */
    round: (value) => clamp(Number((Math.round(value / step) * step).toFixed(digits))),
    /** Return the position on the slider, 0 to 100. */
    percent: (value) => (100 * (clamp(value) - minimum)) / (maximum - minimum),
  };
}
