// The decisions of the model on a grid of two features, as rectangles: neighbours in a line with the same answer are one.

const ACROSS = 44;
const UP = 30;
const LEVELS = 8; // shades of a regressor

/** Return the centers of the cells of a grid. @param {number} low @param {number} high @param {number} count @returns {number[]} */
export const centers = (low, high, count) => Array.from({ length: count }, (_, index) => Number((low + ((index + 0.5) * (high - low)) / count).toPrecision(6)));

/** @param {{left: number, right: number, bottom: number, top: number}} box @returns {{xs: number[], ys: number[]}} */
export const makeGrid = ({ left, right, bottom, top }) => ({ xs: centers(left, right, ACROSS), ys: centers(bottom, top, UP) });

/**
 * @param {unknown[]} predictions for each y a prediction for each x @param {number} width the number of xs
 * @returns {{row: number, from: number, to: number, value: unknown}[]} `to` is the first column after the rectangle
 */
export function makeRuns(predictions, width) {
  const runs = [];
  predictions.forEach((value, index) => {
    const [row, column] = [Math.floor(index / width), index % width];
    const last = runs.at(-1);
    if (last && last.row === row && Object.is(last.value, value)) last.to = column + 1;
    else runs.push({ row, from: column, to: column + 1, value });
  });
  return runs;
}

/** Replace numbers by their level, 1 (the smallest) to 8, to shade them. Other values have the level 0. @param {unknown[]} values */
export function levels(values) {
  const numbers = values.filter((each) => typeof each === "number");
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return values.map((each) => (typeof each !== "number" ? 0 : high > low ? 1 + Math.min(LEVELS - 1, Math.floor(((each - low) / (high - low)) * LEVELS)) : 1));
}
