// Live mode: sends a request after each change, when the values no longer change. One request runs at a time. A slow function ends it.

/** Slower answers end live mode, because each change would wait for the one before. */
export const SLOW_MS = 700;
const SLOW_IN_A_ROW = 2; // one slow answer may be a cold start
const REST_MS = 120;

/**
 * @param {object} page
 * @param {(signal: AbortSignal) => Promise<number | null>} page.ask sends one request; its round trip in ms, null if none was sent
 * @param {(ms: number) => void} page.onSlow live mode was switched off, because the answers are slow
 * @param {{setTimeout: Function, clearTimeout: Function}} [clock]
 */
export function makeLive({ ask, onSlow }, clock = globalThis) {
  let isOn = false;
  let isForced = false; // the user switched it on, so slow answers do not end it
  let slow = 0;
  let timer;
  let running = null; // the AbortController of the running request
  let isDue = false; // the values changed while a request was running

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
    if (running !== own) return; // the request was cancelled
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
    /** @param {boolean} is @param {boolean} [isByUser] it then stays on for a slow function too */
    set(is, isByUser = false) {
      isOn = is;
      isForced = isByUser;
      slow = 0;
      if (!is) stop();
    },
    isOn: () => isOn,
    /** Handle a change of the values. */
    changed() {
      if (!isOn) return;
      clock.clearTimeout(timer);
      timer = clock.setTimeout(run, REST_MS);
    },
    /** Cancel the waiting and the running request, because another request or another function follows. */
    stop,
  };
}
