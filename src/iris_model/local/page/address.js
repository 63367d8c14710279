// The part of the address after `#`: the shown function and its input. Browsers do not send this part to a server.

/** A longer address is hard to copy. It then contains the function only. */
export const MAX_LENGTH = 4000;

/**
 * @param {{name: string, row?: string, event?: string}} shown `row` and `event` are JSON text; at most one of them
 * @returns {string} the part, with its `#`
 */
export function writeAddress({ name, row, event }) {
  const parts = new URLSearchParams({ function: name });
  const whole = new URLSearchParams(parts);
  if (row !== undefined) whole.set("row", row);
  else if (event !== undefined) whole.set("event", event);
  const text = whole.toString();
  return `#${text.length > MAX_LENGTH ? parts : text}`;
}

/** @param {string} hash @returns {{name: string, row?: string, event?: string} | null} null when it names no function */
export function readAddress(hash) {
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  const name = parts.get("function");
  if (!name) return null;
  return { name, row: parts.get("row") ?? undefined, event: parts.get("event") ?? undefined };
}
