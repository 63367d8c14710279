"""`text/csv`, with or without a header line. Answers with JSON, or with CSV if `Accept` asks for it."""

from io import StringIO

from iris_model.engine.errors import InvalidInput
from iris_model.engine.rows import holds_numbers

from . import facts_of, order_features

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from iris_model.contract.signature import Column
    from iris_model.runtime.answers import Answers
    from iris_model.runtime.events import Request


INTEGER_TYPES = ("int64", "int32")
TRUTH = {"true": True, "false": False}


class CsvText(str):
    """An answer that is CSV text instead of a JSON value."""

    __slots__ = ()


def decode(text: str, request: "Request", columns: "list[Column]") -> "tuple[list[object], bool]":
    """Return (rows, whether to answer with CSV). Raises InvalidInput.

    A first line with the names of features is a header.
    """
    # The accelerator of the module `csv`. Importing `csv` would import `re`.
    from _csv import Error, reader

    try:
        lines = [line for line in reader(StringIO(text, newline=""), strict=True) if line]
    except Error as error:
        raise InvalidInput(
            f"the body is not valid CSV: {error}", expected="CSV (RFC 4180)", problem="malformed"
        ) from None
    header = find_header(lines[0], columns) if lines else None
    if header is not None:
        lines.pop(0)
        if len(set(header)) != len(header):
            raise InvalidInput("the header line names a feature twice; expected each once", problem="malformed")
    rows: list[object] = []
    for index, line in enumerate(lines):
        cells: list[Any] = line
        if header is not None:
            if len(line) != len(header):
                raise InvalidInput(
                    f"row {index} has {len(line)} values; expected {len(header)}, as the header", row=index
                )
            cells = order_features(dict(zip(header, line)), columns, index, True)
        if len(cells) == len(columns):
            # Columns that the header lacks are already None.
            cells = [cell if cell is None else _cell(cell, column, index) for cell, column in zip(cells, columns)]
        rows.append(cells)
    return rows, wants_csv(request.accept)


def find_header(line: "list[str]", columns: "list[Column]") -> "list[str] | None":
    """Return the features that the first line names, or None if it contains values."""
    names = {name.strip(): name for name in facts_of(columns).names}
    return [names.get(cell.strip(), cell) for cell in line] if _is_header(line, columns, names) else None


def csv_line(cells: "list[str] | list[object]") -> str:
    """Return one line of CSV without its line end."""
    from _csv import writer

    buffer = StringIO(newline="")
    writer(buffer).writerow(cells)
    return buffer.getvalue()[:-2]


def _is_header(line: "list[str]", columns: "list[Column]", names: "dict[str, str]") -> bool:
    """Whether a line contains names of features. If names are numbers, a line of values may contain some of them."""
    cells = {cell.strip() for cell in line}
    known = cells & names.keys()
    needed = {name.strip() for name in facts_of(columns).required}
    return bool(known) and (known >= needed or not all(map(_is_number, known)))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def encode(answers: "Answers", csv_wanted: bool) -> object:
    """Return `{"predictions": [...]}`, or CSV with a header line."""
    if not csv_wanted:
        return {"predictions": answers.detailed()}
    from _csv import writer

    buffer = StringIO(newline="")
    table = writer(buffer)
    rows = [value if isinstance(value, list) else [value] for value in answers.plain()]
    names, labels = ["prediction"], answers.probability_names()
    if len(rows[0]) > 1:
        labels = list(range(len(rows[0])))
        names = [f"prediction_{target}" for target in labels]
    if answers.has_flat_probabilities():
        names += [f"probability_{label}" for label in labels]
        rows = [row + part for row, part in zip(rows, answers.probabilities or [])]
    table.writerow(names)
    table.writerows(rows)
    return CsvText(buffer.getvalue())


def _cell(text: str, column: "Column", row: int) -> object:
    stripped = text.strip()
    if column["kind"] == "text":
        return text
    if not stripped and text not in column.get("categories", ()):
        return None
    if column.get("dtype") == "bool" and stripped.lower() in TRUTH:
        return TRUTH[stripped.lower()]
    if not holds_numbers(column):
        return _as_category(text, column)
    try:
        number = int(stripped) if column.get("dtype") in INTEGER_TYPES and _is_whole(stripped) else float(stripped)
        # `float` accepts more than numbers: digits grouped by underscores, `nan` and `infinity`.
        if "_" not in stripped and number - number == 0:
            return number
    except ValueError:
        pass
    raise InvalidInput(
        f"row {row}, feature {column['name']!r}: the value is {text!r}; expected a finite number",
        row=row,
        feature=column["name"],
        expected="a finite number",
    )


def _is_whole(text: str) -> bool:
    return text.lstrip("+-").isdecimal() and text.isascii()


def _as_category(text: str, column: "Column") -> object:
    """Return the category with this spelling: a CSV cell does not distinguish 3 from "3"."""
    categories = column.get("categories", ())
    if text in categories:
        return text
    if text.strip().lower() in TRUTH and any(category is True for category in categories):
        return bool(TRUTH[text.strip().lower()])
    if column.get("optional") and column.get("dtype") == "object" and not column.get("dropped"):
        try:
            return float(text)
        except ValueError:
            return text
    for category in categories:
        if isinstance(category, (int, float)) and text.strip() in (str(category), str(int(category))):
            return category
    return text


def wants_csv(accept: str) -> bool:
    """Whether `Accept` prefers CSV to JSON."""
    wanted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    csv_at = [wanted.index(name) for name in ("text/csv", "application/csv") if name in wanted]
    json_at = [*wanted, "application/json"].index("application/json")
    return min(csv_at, default=json_at) < json_at
