// Asks by itself after a change: when the values rest, one request at a time, and only as long as the function is quick.

/** Slower answers than this end it: each change would wait for the one before. */
export const SLOW_MS = 700;
const SLOW_IN_A_ROW = 2; // one slow answer may be a cold start
const REST_MS = 120;

/**
 * @param {object} page
 * @param {(signal: AbortSignal) => Promise<number | null>} page.ask one request; its round trip in ms, null when there was none
 * @param {(ms: number) => void} page.onSlow it was switched off, because an answer took so long
 * @param {{setTimeout: Function, clearTimeout: Function}} [clock]
 */
export function makeLive({ ask, onSlow }, clock = globalThis) {
  let isOn = false;
  let isForced = false; // the user wants it, however slow
  let slow = 0;
  let timer;
  let running = null; // the AbortController of the request on its way
  let isDue = false; // the values changed while a request was on its way

  async function run() {
    timer = undefined;
    if (running) {
      // A second request at the same time would start a second sandbox. The newest values wait, the older ones are dropped.
      isDue = true;
      return;
    }
    const own = new AbortController();
    running = own;
    const ms = await ask(own.signal);
    if (running !== own) return; // cancelled meanwhile
    running = null;
    if (ms !== null) slow = ms > SLOW_MS ? slow + 1 : 0;
    if (isOn && !isForced && slow >= SLOW_IN_A_ROW) {
      stop();
      isOn = false;
      onSlow(ms);
    } else if (isDue) {
      isDue = false;
      run();
    }
  }

  function stop() {
    clock.clearTimeout(timer);
    timer = undefined;
    isDue = false;
    running?.abort();
    running = null;
  }

  return {
    /** @param {boolean} is @param {boolean} [isByUser] then it stays on for a slow function too */
    set(is, isByUser = false) {
      isOn = is;
      isForced = isByUser;
      slow = 0;
      if (!is) stop();
    },
    isOn: () => isOn,
    /** The values changed. */
    changed() {
      if (!isOn) return;
      clock.clearTimeout(timer);
      timer = clock.setTimeout(run, REST_MS);
    },
    /** Another request takes over, or another function is shown: what waits or is on its way is cancelled. */
    stop,
  };
}
