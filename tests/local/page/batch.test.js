// The modules of the page for files, decisions and contributions.

import assert from "node:assert/strict";
import { test } from "node:test";
import { describeScore, makeFormat, rank } from "../../../src/iris_model/local/page/contributions.js";
import { cut, hasHeader, joinAnswers, splitCells, splitRecords, writeCell } from "../../../src/iris_model/local/page/csv.js";
import { centers, levels, makeGrid, makeRuns } from "../../../src/iris_model/local/page/regions.js";
import { makeShading } from "../../../src/iris_model/local/page/shading.js";

test("records and cells of a file", () => {
  const text = '\uFEFFa,"b, c"\r\n1,"two\nlines"\r\n\r\n3,"a ""quoted"" word"\n';
  const records = splitRecords(text);
  assert.deepEqual(records, ['a,"b, c"', '1,"two\nlines"', '3,"a ""quoted"" word"']);
  assert.deepEqual(records.map(splitCells), [["a", "b, c"], ["1", "two\nlines"], ["3", 'a "quoted" word']]);
  assert.deepEqual(splitRecords(""), []);
});

test("a header has no numbers", () => {
  assert.equal(hasHeader(["length,wide", "1,2"]), true);
  assert.equal(hasHeader(["1,yes", "2,no"]), false);
  assert.equal(hasHeader([]), false);
});

test("requests stay below their limits", () => {
  assert.deepEqual(cut(["a", "b", "c"], 2, 1000), [["a", "b"], ["c"]]);
  assert.deepEqual(cut(["aaaa", "bbbb"], 10, 13), [["aaaa"], ["bbbb"]]);
  assert.deepEqual(cut([], 2, 10), []);
  assert.deepEqual(cut(["far too long"], 2, 3), [["far too long"]]);
});

test("the scored file has the old columns and the new ones", () => {
  const answers = [{ prediction: 1, probabilities: { 0: 0.25, 1: 0.75 } }, { prediction: 0, probabilities: { 0: 1, 1: 0 } }];
  const names = { 1: "yes, sure" };
  const nameOf = (prediction) => names[prediction] ?? "";
  assert.equal(joinAnswers("a", ["x", "y"], answers, nameOf), 'a,prediction,label,probability\nx,1,"yes, sure",0.75\ny,0,,1\n');
  assert.equal(joinAnswers(null, ["x"], [2.5], () => ""), "x,2.5\n");
  assert.equal(joinAnswers("a", ["x"], [{ prediction: [1, null] }], () => ""), 'a,prediction\nx,"[1,null]"\n');
});

test("a text is no formula for a spreadsheet", () => {
  assert.equal(writeCell("=1+1"), "'=1+1");
  assert.equal(writeCell(-1.5), "-1.5");
  assert.equal(writeCell('a "b"'), '"a ""b"""');
  assert.equal(writeCell(null), "");
});

test("neighbours with the same answer are one rectangle", () => {
  assert.deepEqual(makeRuns(["a", "a", "b", "b", "b", "b"], 3), [
    { row: 0, from: 0, to: 2, value: "a" }, { row: 0, from: 2, to: 3, value: "b" }, { row: 1, from: 0, to: 3, value: "b" },
  ]);
  assert.deepEqual(centers(0, 1, 2), [0.25, 0.75]);
  const { xs, ys } = makeGrid({ left: 0, right: 44, bottom: 0, top: 30 });
  assert.deepEqual([xs[0], xs.at(-1), ys[0], ys.at(-1)], [0.5, 43.5, 0.5, 29.5]);
});

test("numbers are shaded in eight levels", () => {
  assert.deepEqual(levels([0, 7.9, 4, null]), [1, 8, 5, 0]);
  assert.deepEqual(levels([3, 3]), [1, 1]);
});

test("the largest contributions come first, and the others are one", () => {
  const many = Array.from({ length: 12 }, (_, index) => ({ name: `f${index}`, value: index % 2 ? index : -index }));
  const { shown, rest, widest } = rank(many);
  assert.deepEqual(shown.map(({ name }) => name), ["f11", "f10", "f9", "f8", "f7", "f6", "f5", "f4"]);
  assert.deepEqual(rest, { count: 4, value: 3 - 2 + 1 });
  assert.equal(widest, 11);
  assert.equal(rank(many.slice(0, 9)).rest, null);
});

test("numbers of a sum have the same decimals", () => {
  const format = makeFormat([6.915, -0.0779]);
  assert.deepEqual([6.9148, -0.0779, 0, -0.0001].map(format), ["6.915", "−0.078", "0.000", "0.000"]);
  assert.equal(makeFormat([193.4])(-4.15), "−4.2");
  assert.equal(makeFormat([0])(0), "0");
  assert.equal(makeFormat([1e-9])(-1e-9), "−1.00e-9");
  assert.equal(describeScore("score before softmax", "setosa"), "score of setosa before softmax");
  assert.equal(describeScore("prediction", null), "prediction");
});

function makePlot(answer = async () => ({ predictions: [] })) {
  const waiting = [];
  const asked = [];
  const found = [];
  const clock = { now: () => 0, setTimeout: (run, _ms, ...rest) => waiting.push(() => run(...rest)), clearTimeout: () => waiting.splice(0) };
  const shading = makeShading({ fetch: (wanted) => (asked.push(wanted), answer(wanted)), onFound: (each) => found.push(each) }, clock);
  return { shading, asked, found, rest: () => Promise.all(waiting.splice(0).map((run) => run())) };
}

const BOX = { left: 0, right: 1, bottom: 0, top: 1 };

test("only another picture is asked for", async () => {
  const { shading, asked, found, rest } = makePlot();
  shading.show([1, 2, 3], 0, 1, BOX);
  await rest();
  shading.show([9, 8, 3], 0, 1, BOX); // the point moves inside the plot
  await rest();
  assert.equal(asked.length, 1);
  shading.show([9, 8, 4], 0, 1, BOX);
  shading.show([9, 8, 5], 0, 1, BOX);
  await rest();
  assert.deepEqual(asked.map(({ row }) => row[2]), [3, 5], "while a value moves, only the last one");
  shading.show(null, 0, 1, BOX);
  await rest();
  assert.equal(asked.length, 2);
  assert.equal(found.length, 2);
});

test("without an answer the points have no decisions", async () => {
  const { shading, found, rest } = makePlot(async () => { throw new Error("too slow"); });
  shading.show([1, 2], 0, 1, BOX);
  await rest();
  assert.deepEqual(found, [null]);
});
