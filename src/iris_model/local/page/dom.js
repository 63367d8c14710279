// Creates elements from names and values. Strings are always text: this page never parses a string as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} id @returns {HTMLElement} the element of the page with this id */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found;
}

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [properties] set as properties; names with a dash, `role` and `for` as attributes
 * @param {...(Node|string)} children
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.includes("-") || name === "role" || name === "for") made.setAttribute(name, String(value));
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

/** @param {string} tag @param {Record<string, unknown>} [attributes] @param {...(Node|string)} children */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) made.setAttribute(name, String(value));
  }
  made.append(...children);
  return made;
}

/** Announce a text to screen readers. @param {string} text */
export function announce(text) {
  byId("announcer").textContent = text;
}
