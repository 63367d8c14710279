// The box "Live", and what the browser remembers of it.

import { byId } from "./dom.js";

const KEY = "iris-model:live";
const ABOUT = "The answer follows the form. Each answer is an invocation.";

/** @param {(isOn: boolean) => void} onChange the user switched it */
export function makeLiveSwitch(onChange) {
  const [line, box, told] = ["live-line", "live", "live-told"].map(byId);
  box.addEventListener("change", () => {
    remember(box.checked);
    told.textContent = ABOUT;
    onChange(box.checked);
  });
  return {
    setVisible(is) {
      line.hidden = !is;
    },
    /** As the user left it, and on at first. For another function, a slow one before does not count. @returns {boolean} */
    restore() {
      box.checked = recall();
      told.textContent = ABOUT;
      return box.checked;
    },
    /** It was switched off. @param {number} ms the round trip that was too long */
    tellSlow(ms) {
      box.checked = false;
      told.textContent = `Switched off: the last answer took ${(ms / 1000).toFixed(1)} s.`;
    },
  };
}

function recall() {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

function remember(is) {
  try {
    localStorage.setItem(KEY, is ? "on" : "off");
  } catch {
    // A browser that keeps nothing starts with the default next time.
  }
}
