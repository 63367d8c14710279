// CSV files: cut into records without interpreting the cells, so that the lines go to the function as they are.

/** Return the records of a text. A line break inside quotation marks belongs to its record. @param {string} text @returns {string[]} */
export function splitRecords(text) {
  const plain = text.replace(/^\uFEFF/, "");
  const records = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at <= plain.length; at += 1) {
    const letter = plain[at];
    if (letter === '"') isQuoted = !isQuoted;
    else if (letter === undefined || (letter === "\n" && !isQuoted)) {
      const record = plain.slice(start, at).replace(/\r$/, "");
      if (record.trim() !== "") records.push(record);
      start = at + 1;
    }
  }
  return records;
}

/** Return the cells of a record, without quotation marks. @param {string} record @returns {string[]} */
export function splitCells(record) {
  const cells = [];
  let cell = "";
  let isQuoted = false;
  for (let at = 0; at < record.length; at += 1) {
    const letter = record[at];
    if (isQuoted) {
      if (letter === '"' && record[at + 1] === '"') cell += record[(at += 1)];
      else if (letter === '"') isQuoted = false;
      else cell += letter;
    } else if (letter === '"') isQuoted = true;
    else if (letter === ",") {
      cells.push(cell);
      cell = "";
    } else cell += letter;
  }
  return [...cells, cell];
}

/** Return whether the first record names columns: none of its cells is a number. @param {string[]} records */
export const hasHeader = (records) => records.length > 0 && !splitCells(records[0]).some((cell) => cell.trim() !== "" && Number.isFinite(Number(cell)));

/** Write a value as a cell. A spreadsheet would run a text that starts like a formula. @param {unknown} value */
export function writeCell(value) {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Cut records into parts for requests. @param {string[]} records @param {number} most rows @param {number} bytes */
export function cut(records, most, bytes) {
  const parts = [];
  let part = [];
  let size = 0;
  for (const record of records) {
    const length = record.length * 3; // a letter has at most three bytes per UTF-16 unit
    if (part.length && (part.length >= most || size + length > bytes)) {
      parts.push(part);
      [part, size] = [[], 0];
    }
    part.push(record);
    size += length;
  }
  return part.length ? [...parts, part] : parts;
}

/**
 * Return the scored file: each record followed by its prediction and the probability of the prediction.
 * @param {string[] | null} header @param {string[]} records @param {unknown[]} answers one for each record
 * @param {(prediction: unknown) => string} nameOf the class's name for people; "" without one
 */
export function joinAnswers(header, records, answers, nameOf) {
  const rows = answers.map(readAnswer);
  const hasNames = rows.some(({ prediction }) => nameOf(prediction) !== "");
  const hasShares = rows.some(({ share }) => share !== undefined);
  const added = ["prediction", ...(hasNames ? ["label"] : []), ...(hasShares ? ["probability"] : [])];
  const lines = records.map((record, index) => {
    const { prediction, share } = rows[index];
    return [record, writeCell(prediction), ...(hasNames ? [writeCell(nameOf(prediction))] : []), ...(hasShares ? [writeCell(share)] : [])].join(",");
  });
  return `${header === null ? "" : `${[header, ...added].join(",")}\n`}${lines.join("\n")}\n`;
}

function readAnswer(answer) {
  if (answer === null || typeof answer !== "object" || !("prediction" in answer)) return { prediction: answer, share: undefined };
  const { prediction, probabilities } = answer;
  const key = typeof prediction === "string" ? prediction : JSON.stringify(prediction);
  return { prediction, share: probabilities && !Array.isArray(probabilities) ? probabilities[key] : undefined };
}
