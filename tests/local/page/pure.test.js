// The modules of the page that need no browser: the address, the scale of a slider, the numbers of the cost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_LENGTH, readAddress, writeAddress } from "../../../src/iris_model/local/page/address.js";
import { dollars, percentiles } from "../../../src/iris_model/local/page/cost.js";
import { makeScale, readNumber } from "../../../src/iris_model/local/page/scale.js";
import { labelWidth, ticks } from "../../../src/iris_model/local/page/ticks.js";

test("an address is read as it was written", () => {
  for (const row of ["[1,2.5,null,true]", '["a & b=c#d","ä\\n+ 🌸"]', "[]"]) {
    assert.deepEqual(readAddress(writeAddress({ name: "my-function", row })), { name: "my-function", row, event: undefined });
  }
  assert.deepEqual(readAddress(writeAddress({ name: "f", event: "{half" })), { name: "f", row: undefined, event: "{half" });
});

test("a long event is not in the address", () => {
  assert.equal(writeAddress({ name: "f", event: "x".repeat(MAX_LENGTH) }), "#function=f");
});

test("other fragments are not our addresses", () => {
  for (const hash of ["", "#", "#ask", "#row=[1]", "#function="]) assert.equal(readAddress(hash), null, hash);
});

test("numbers as people type them", () => {
  for (const [text, value] of [["2,5", 2.5], [" -3 ", -3], ["1e3", 1000], ["+0,5", 0.5]]) assert.equal(readNumber(text), value, text);
  for (const text of ["", " ", "wide", "1,000,000", "Infinity", "NaN", "1 2"]) assert.equal(readNumber(text), null, text);
});

test("steps are powers of ten inside the range", () => {
  const petals = makeScale(4.3, 7.9, false);
  assert.equal(petals.step, 0.1);
  assert.equal(petals.round(5.04), 5);
  assert.equal(petals.round(1), 4.3);
  assert.equal(petals.percent(7.9), 100);
  assert.equal(petals.percent(99), 100);
  assert.equal(makeScale(0, 3, true).step, 1);
  assert.equal(makeScale(0, 3, true).round(1.4), 1);
  assert.equal(makeScale(0, 80_000, true).step, 1000);
  assert.equal(makeScale(1e-8, 2e-8, false).round(1.44e-8), 1.44e-8);
});

test("percentiles need enough values", () => {
  const durations = { p90: 12.34, p99: 99.9 };
  assert.equal(percentiles(19, durations), "p90, p99 from 20 requests on");
  assert.equal(percentiles(20, durations), "p90 12 ms, p99 100 ms");
});

test("small amounts keep two digits", () => {
  assert.equal(dollars("0"), "$0");
  assert.equal(dollars("0.0000021"), "$0.0000021");
  assert.equal(dollars("1.4"), "$1.40");
});

test("long labels of an axis need more width", () => {
  assert.deepEqual(ticks(0, 2e6, 4), [0, 500000, 1000000, 1500000, 2000000]);
  assert.ok(labelWidth([0, 2000000]) > labelWidth([0, 200]));
  assert.equal(labelWidth([]), 0);
});
