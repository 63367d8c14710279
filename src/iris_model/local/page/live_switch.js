// The check box "Live", and its state in the storage of the browser.

import { byId } from "./dom.js";

const KEY = "iris-model:live";
const ABOUT = "The answer follows the form. Each answer is an invocation.";

/** @param {(isOn: boolean) => void} onChange called when the user switches it */
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
    /** Return the state that the user chose, by default on. A slow function switches it off for itself only. @returns {boolean} */
    restore() {
      box.checked = recall();
      told.textContent = ABOUT;
      return box.checked;
    },
    /** Show that live mode was switched off. @param {number} ms the round trip that was too long */
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
    // Without storage, the next page starts with the default.
  }
}
