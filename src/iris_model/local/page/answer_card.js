// The card with the answer: waiting, answered or outdated. In the one-column layout, pressing the button scrolls to it.

import { announce, byId, element } from "./dom.js";

const QUIET_MS = 600; // of several quick answers, a screen reader reads the last one only
const LATE_MS = 400; // in live mode each change makes the answer outdated for a moment, which needs no mark

/** @returns the card; `brief` is the summary next to the button, on a wide screen only while the head of the card is out of view */
export function makeAnswerCard() {
  const [card, body, took, outdated, brief] = ["answer", "answer-body", "took", "outdated", "brief"].map(byId);
  let text; // the answer as it came
  let answered; // the request that the shown answer belongs to, as `keyOf` writes it
  let timer;
  let lateTimer;
  new IntersectionObserver((seen) => brief.classList.toggle("needed", !seen.at(-1).isIntersecting)).observe(byId("answer-title"));

  function setOutdated(is) {
    clearTimeout(lateTimer);
    lateTimer = undefined;
    card.dataset.state = is ? "outdated" : "";
    outdated.hidden = !is;
    brief.classList.toggle("stale", is);
  }

  return {
    clear() {
      answered = text = undefined;
      clearTimeout(timer);
      setOutdated(false);
      body.removeAttribute("aria-busy");
      took.textContent = "";
      brief.hidden = true;
      body.replaceChildren(element("p", { className: "placeholder" }, "No request yet."));
    },
    /** Show that a request is running. @param {boolean} isPressed the button started it, not a changed value */
    wait(isPressed) {
      body.setAttribute("aria-busy", "true");
      if (!isPressed) return;
      if (answered === undefined) body.replaceChildren(element("p", { className: "placeholder" }, "Waiting for the answer."));
      if (card.getBoundingClientRect().top > innerHeight * 0.6) card.scrollIntoView({ block: "start" });
    },
    /**
     * @param {{nodes: Node[], summary: string, brief?: string}} drawn
     * @param {{key?: string, ms?: number, isPressed?: boolean, reply?: string}} request without a key the answer never becomes outdated
     */
    show(drawn, { key, ms, isPressed = true, reply } = {}) {
      body.removeAttribute("aria-busy");
      body.replaceChildren(...drawn.nodes);
      took.textContent = ms === undefined ? "" : `${ms.toFixed(0)} ms round trip`;
      brief.textContent = drawn.brief ?? drawn.summary;
      brief.hidden = false;
      answered = key;
      text = reply;
      setOutdated(false);
      clearTimeout(timer);
      if (isPressed) announce(drawn.summary);
      else timer = setTimeout(announce, QUIET_MS, drawn.summary);
    },
    /** Return the answer to the request `key` as it came; null without one. @param {string} key @returns {string | null} */
    answerTo: (key) => (answered === key && text !== undefined ? text : null),
    /** Compare the answer with the current form, and mark an outdated answer. @param {string} key @param {boolean} isFollowed a request follows soon */
    compare(key, isFollowed) {
      const is = answered !== undefined && answered !== key;
      if (is && isFollowed) lateTimer ??= setTimeout(setOutdated, LATE_MS, true);
      else setOutdated(is);
    },
  };
}
