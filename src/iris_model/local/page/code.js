// The section with the request as code, and the button that copies it.

import { announce, byId } from "./dom.js";
import { SNIPPETS } from "./snippets.js";
import { makeTabs } from "./tabs.js";

const COPIED_MS = 1600;

/** @returns {(asked: import("./snippets.js").Asked) => void} shows a request */
export function makeCode() {
  const tabs = makeTabs(byId("languages"));
  const language = () => tabs.chosen().replace("language-", "");
  const codeOf = (name) => byId(`code-${name}`).firstElementChild;
  const button = byId("copy");
  let timer;
  button.addEventListener("click", async () => {
    const isCopied = await copy(codeOf(language()));
    button.textContent = isCopied ? "Copied" : "Press Ctrl+C";
    announce(isCopied ? "Copied" : "The code is selected. Press Ctrl+C to copy it.");
    clearTimeout(timer);
    timer = setTimeout(() => { button.textContent = "Copy"; }, COPIED_MS);
  });
  return (asked) => {
    for (const [name, write] of Object.entries(SNIPPETS)) codeOf(name).textContent = write(asked);
  };
}

async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    // Browsers allow the clipboard only for pages from this machine or over HTTPS. Otherwise the code is selected, ready for Ctrl-C.
    getSelection().selectAllChildren(code);
    return false;
  }
}
