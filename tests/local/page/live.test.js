// One request at a time, the newest values last, and off for a slow function.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { makeLive, SLOW_MS } from "../../../src/iris_model/local/page/live.js";

const settled = async () => {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
};

function begin() {
  mock.timers.enable({ apis: ["setTimeout"] });
  const asked = [];
  const slow = [];
  const live = makeLive({
    ask: (signal) => new Promise((resolve) => asked.push({ signal, answer: resolve })),
    onSlow: (ms) => slow.push(ms),
  });
  return { live, asked, slow, rest: () => mock.timers.tick(1000) };
}

test("it asks when the values rest", (t) => {
  t.after(() => mock.timers.reset());
  const { live, asked, rest } = begin();
  live.changed();
  rest();
  assert.equal(asked.length, 0, "off until it is set");
  live.set(true);
  for (let i = 0; i < 5; i += 1) live.changed();
  assert.equal(asked.length, 0);
  rest();
  assert.equal(asked.length, 1);
});

test("values that change meanwhile wait, and only the newest are asked for", async (t) => {
  t.after(() => mock.timers.reset());
  const { live, asked, rest } = begin();
  live.set(true);
  for (let i = 0; i < 4; i += 1) {
    live.changed();
    rest();
  }
  assert.equal(asked.length, 1);
  asked[0].answer(5);
  await settled();
  assert.equal(asked.length, 2);
  asked[1].answer(5);
  await settled();
  assert.equal(asked.length, 2);
});

test("stop cancels what waits and what is on its way", async (t) => {
  t.after(() => mock.timers.reset());
  const { live, asked, rest } = begin();
  live.set(true);
  live.changed();
  rest();
  live.changed();
  live.stop();
  assert.equal(asked[0].signal.aborted, true);
  rest();
  asked[0].answer(5);
  await settled();
  assert.equal(asked.length, 1);
  live.changed();
  rest();
  assert.equal(asked.length, 2, "it is on as before");
});

test("two slow answers in a row end it, unless the user wants it", async (t) => {
  t.after(() => mock.timers.reset());
  const { live, asked, slow, rest } = begin();
  const answerNext = async (ms) => {
    live.changed();
    rest();
    asked.at(-1).answer(ms);
    await settled();
  };
  live.set(true);
  await answerNext(SLOW_MS + 1);
  await answerNext(null);
  assert.equal(live.isOn(), true);
  await answerNext(5);
  await answerNext(SLOW_MS + 1);
  assert.equal(live.isOn(), true, "a quick one came between");
  await answerNext(SLOW_MS + 2);
  assert.equal(live.isOn(), false);
  assert.deepEqual(slow, [SLOW_MS + 2]);
  live.set(true, true);
  for (let i = 0; i < 3; i += 1) await answerNext(SLOW_MS * 2);
  assert.equal(live.isOn(), true);
});
