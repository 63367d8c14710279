// Round numbers along an axis.

const DIGIT_PX = 7; // at the size of the labels, rounded up

/** @param {number} low @param {number} high @param {number} about the approximate number of ticks @returns {number[]} */
export function ticks(low, high, about) {
  const rough = (high - low) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high + step / 1e6; at += 1) found.push(Number((at * step).toFixed(digits)));
  return found;
}

/** Return the width of the widest label next to an axis, in px. @param {number[]} values */
export function labelWidth(values) {
  return DIGIT_PX * Math.max(0, ...values.map((value) => String(value).length));
}

/** Return the range of the numbers with a margin. It is never empty. @param {number[]} values */
export function spread(values) {
  let low = Math.min(...values);
  let high = Math.max(...values);
  if (!(high > low)) {
    low -= 0.5;
    high += 0.5;
  }
  const air = (high - low) * 0.06;
  return [low - air, high + air];
}
