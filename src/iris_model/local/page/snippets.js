// Writes the request as code: curl, Python with its standard library, JavaScript. All values are quoted for pasting.

/**
 * @typedef {{url: string, text: string, value?: unknown}} Asked `value` if the body can be written as a literal
 * @type {Record<string, (asked: Asked) => string>}
 */
export const SNIPPETS = {
  curl: ({ url, text }) => `curl ${shell(url)} \\\n  -H 'content-type: application/json' \\\n  --data-raw ${shell(text)}`,

  python: ({ url, text, value }) => {
    const data = value === undefined ? `${JSON.stringify(text)}.encode()` : `json.dumps(${python(value)}).encode()`;
    return [
      "import json",
      "import urllib.request",
      "",
      "request = urllib.request.Request(",
      `    ${JSON.stringify(url)},`,
      `    data=${data},`,
      '    headers={"content-type": "application/json"},',
      ")",
      "with urllib.request.urlopen(request) as response:",
      "    print(json.load(response))",
    ].join("\n");
  },

  javascript: ({ url, text, value }) => {
    const body = value === undefined ? JSON.stringify(text) : `JSON.stringify(${spaced(value)})`;
    return [
      `const response = await fetch(${JSON.stringify(url)}, {`,
      '  method: "POST",',
      '  headers: { "content-type": "application/json" },',
      `  body: ${body},`,
      "});",
      "console.log(await response.json());",
    ].join("\n");
  },
};

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

// Format a row with a space after each comma.
const spaced = (value) => (Array.isArray(value) ? `[${value.map((cell) => JSON.stringify(cell)).join(", ")}]` : JSON.stringify(value));

function python(value) {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  return JSON.stringify(value);
}
