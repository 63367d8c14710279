// Asks for the decisions behind the training points when the other features have come to rest, and keeps the last picture.

import { makeGrid } from "./regions.js";

const REST_MS = 160;
const SLOW_MS = 1500; // a slower picture is not drawn again for this function
const KEY = "iris-model:regions";

/**
 * @param {object} plot
 * @param {(asked: object, signal: AbortSignal) => Promise<{predictions: unknown[]}>} plot.fetch
 * @param {(found: {predictions: unknown[], box: object, width: number} | null) => void} plot.onFound
 * @param {{setTimeout: Function, clearTimeout: Function, now: () => number}} [clock]
 */
export function makeShading({ fetch, onFound }, clock = { setTimeout: (...a) => setTimeout(...a), clearTimeout: (id) => clearTimeout(id), now: () => performance.now() }) {
  let known = ""; // the picture that is shown or asked for
  let timer;
  let running = null;
  let isSlow = false;

  async function ask(row, x, y, box) {
    running?.abort();
    const own = new AbortController();
    running = own;
    const { xs, ys } = makeGrid(box);
    const began = clock.now();
    try {
      const { predictions } = await fetch({ row, x, y, xs, ys }, own.signal);
      if (running !== own) return;
      if (clock.now() - began > SLOW_MS) isSlow = true;
      onFound({ predictions, box, width: xs.length });
    } catch {
      if (running === own) onFound(null); // the points are shown without decisions
    }
  }

  return {
    /**
     * @param {unknown[] | null} row the cells of the form; null while one of them has no value
     * @param {number} x @param {number} y the columns along the axes @param {{left: number, right: number, bottom: number, top: number}} box
     */
    show(row, x, y, box) {
      if (isSlow) return;
      if (row === null) return;
      const wanted = JSON.stringify([row.map((cell, place) => (place === x || place === y ? null : cell)), x, y, box]);
      if (wanted === known) return;
      known = wanted;
      clock.clearTimeout(timer);
      timer = clock.setTimeout(ask, REST_MS, row, x, y, box);
    },
    stop() {
      known = "";
      clock.clearTimeout(timer);
      running?.abort();
      running = null;
      onFound(null);
    },
  };
}

/** Whether the user wants to see the decisions. */
export function isWanted() {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

/** @param {boolean} is */
export function setWanted(is) {
  try {
    localStorage.setItem(KEY, is ? "on" : "off");
  } catch {
    // Without storage, the next page starts with the default.
  }
}
