// Shows a failure: what failed, why, and what to do.

import { element } from "./dom.js";
import { Failure } from "./service.js";

/** @param {unknown} error @returns {{nodes: Node[], summary: string, brief: string}} */
export function drawFailure(error) {
  const failure = error instanceof Failure ? error : new Failure("Error in this page", { detail: String(error) });
  const parts = [element("p", { className: "failure-title" }, failure.title)];
  if (failure.detail) parts.push(element("p", { className: "failure-detail" }, failure.detail));
  if (failure.hint) parts.push(element("p", { className: "hint" }, failure.hint));
  if (failure.trace?.length) {
    parts.push(element("details", {}, element("summary", {}, "Stack trace"), element("pre", { className: "raw", tabIndex: 0 }, element("code", {}, failure.trace.join("\n")))));
  }
  return { nodes: [element("div", { className: "failure" }, ...parts)], summary: `${failure.title}. ${failure.detail ?? ""}`, brief: failure.title };
}
