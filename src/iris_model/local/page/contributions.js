// Orders and formats the contributions of features for the picture.

const SHOWN = 8;

const DIGITS = 4; // of the largest number

/** Return a function that formats numbers with the same number of decimals, so that the sum can be followed. @param {number[]} numbers */
export function makeFormat(numbers) {
  const widest = Math.max(...numbers.map(Math.abs));
  if (!(widest > 0) || widest >= 1e9 || widest < 1e-6) return (value) => (value === 0 ? "0" : value.toExponential(2).replace("-", "−"));
  const decimals = Math.max(0, DIGITS - 1 - Math.floor(Math.log10(widest)));
  return (value) => {
    const text = Math.abs(value).toFixed(decimals);
    return value < 0 && Number(text) !== 0 ? `−${text}` : text;
  };
}

/** Return what the score is: "score of setosa before softmax". @param {string} meaning @param {string | null} name of the class */
export function describeScore(meaning, name) {
  if (name === null) return meaning;
  const [what, ...rest] = meaning.split(" ");
  return [what, "of", name, ...rest].join(" ");
}

/**
 * @param {{name: string, value: number}[]} contributions
 * @returns {{shown: {name: string, value: number}[], rest: {count: number, value: number} | null, widest: number}}
 *   the largest ones first; `rest` is the sum of the others; `widest` is the largest magnitude in the picture
 */
export function rank(contributions) {
  const sorted = [...contributions].sort((one, other) => Math.abs(other.value) - Math.abs(one.value));
  const many = sorted.length > SHOWN + 1;
  const shown = many ? sorted.slice(0, SHOWN) : sorted;
  const others = many ? sorted.slice(SHOWN) : [];
  const rest = others.length ? { count: others.length, value: others.reduce((total, { value }) => total + value, 0) } : null;
  const widest = Math.max(0, ...shown.map(({ value }) => Math.abs(value)), Math.abs(rest?.value ?? 0));
  return { shown, rest, widest };
}
