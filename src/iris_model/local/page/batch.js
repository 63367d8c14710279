// A CSV file, dropped on the page or chosen: its rows go to the function in a few requests, and the scored file comes back.

import { announce, byId, element } from "./dom.js";
import { cut, hasHeader, joinAnswers, splitRecords } from "./csv.js";
import { Failure, send } from "./service.js";

const MAX_BYTES = 50 * 1024 * 1024;
const ROWS_PER_REQUEST = 2000;
const BYTES_PER_REQUEST = 4 * 1024 * 1024;

/**
 * @param {object} page
 * @param {() => {route: string | null, name: string} | undefined} page.target undefined until the service has answered
 * @param {(prediction: unknown) => string} page.nameOf
 * @param {(text: string) => void} page.onProgress
 * @param {(file: {answers: unknown[], link: HTMLElement}) => void} page.onDone
 * @param {(error: unknown) => void} page.onFailure
 */
export function makeBatch({ target, nameOf, onProgress, onDone, onFailure }) {
  const [input, cover] = ["csv-file", "drop"].map(byId);
  let depth = 0;
  let turn = 0;
  let address = "";

  const isFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const showCover = (is) => { cover.hidden = !is; };
  addEventListener("dragenter", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    depth += 1;
    showCover(true);
  });
  addEventListener("dragover", (event) => isFile(event) && event.preventDefault());
  addEventListener("dragleave", (event) => {
    if (!isFile(event)) return;
    depth = Math.max(0, depth - 1);
    showCover(depth > 0);
  });
  addEventListener("drop", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    depth = 0;
    showCover(false);
    score(event.dataTransfer.files[0]);
  });
  input.addEventListener("change", () => {
    if (input.files.length) score(input.files[0]);
    input.value = "";
  });

  async function score(file) {
    const own = (turn += 1);
    try {
      if (!target()) throw new Failure("The page is not ready", { detail: "It does not know the function yet.", hint: `Drop ${file.name} again.` });
      const { route } = target();
      if (route === null) throw new Failure("A CSV file needs a route", { detail: "This function has no route without variables that takes POST." });
      if (file.size > MAX_BYTES) throw new Failure("The file is too large", { detail: `${file.name} has more than ${MAX_BYTES / 1024 / 1024} MB.`, hint: "Score large files with iris-model predict." });
      const records = splitRecords(await file.text());
      const header = hasHeader(records) ? records.shift() : null;
      if (!records.length) throw new Failure("The file has no rows", { detail: file.name });
      const answers = [];
      for (const part of cut(records, ROWS_PER_REQUEST, BYTES_PER_REQUEST)) {
        onProgress(`${file.name}: ${answers.length.toLocaleString("en")} of ${records.length.toLocaleString("en")} rows`);
        const body = `${header === null ? "" : `${header}\n`}${part.join("\n")}\n`;
        const found = read((await send({ path: route, body, isInvoke: false, type: "text/csv" })).value, part.length);
        if (own !== turn) return;
        answers.push(...found);
      }
      onDone({ answers, link: makeLink(file.name, joinAnswers(header, records, answers, nameOf)) });
      announce(`${answers.length} rows scored`);
    } catch (error) {
      if (own === turn) onFailure(error);
    }
  }

  function makeLink(name, text) {
    URL.revokeObjectURL(address);
    address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    const download = `${name.replace(/\.csv$/i, "")}.scored.csv`;
    return element("a", { href: address, download, className: "download" }, `Download ${download}`);
  }

  return {
    /** Give up the running file: another function is shown. */
    stop() {
      turn += 1;
    },
  };
}

/** Return the predictions in an answer. One row has its answer alone. */
function read(value, count) {
  const found = Array.isArray(value?.predictions) ? value.predictions : [value];
  if (found.length !== count) throw new Failure("The answer does not fit the file", { detail: `${count} rows were sent, and ${found.length} answers came back.` });
  return found;
}
