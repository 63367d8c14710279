"""`text/csv`, with or without a header line. Answers JSON rows, or CSV when `Accept` asks for it."""

from io import StringIO

from iris_model.engine.errors import InvalidInput
from iris_model.engine.rows import holds_numbers

from .payloads import order_features

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .answers import Answers
    from .events import Request


TRUTH = {"true": True, "false": False}


class CsvText(str):
    """An answer that is CSV already and not a JSON value."""

    __slots__ = ()


def decode(text: str, request: "Request", columns: "list[Any]") -> "tuple[list[Any], bool]":
    """Return (rows, whether CSV is wanted back). A first line that holds the features' names is a header."""
    # The accelerator of the module `csv`, which itself imports `re`.
    from _csv import Error, reader

    try:
        lines = [line for line in reader(StringIO(text, newline=""), strict=True) if line]
    except Error as error:
        raise InvalidInput(
            f"the body is not valid CSV: {error}", expected="CSV (RFC 4180)", problem="malformed"
        ) from None
    names = {column["name"].strip(): column["name"] for column in columns}
    header = None
    if lines and any(cell.strip() in names for cell in lines[0]):
        header = [names.get(cell.strip(), cell) for cell in lines.pop(0)]
        if len(set(header)) != len(header):
            raise InvalidInput("the header line names a feature twice; expected each once", problem="malformed")
    rows = []
    for index, line in enumerate(lines):
        cells: list[Any] = line
        if header is not None:
            if len(line) != len(header):
                raise InvalidInput(
                    f"row {index} has {len(line)} values; expected {len(header)}, as the header", row=index
                )
            cells = order_features(dict(zip(header, line)), columns, index)
        if len(cells) == len(columns):
            cells = [_cell(cell, column, index) for cell, column in zip(cells, columns)]
        rows.append(cells)
    return rows, _wants_csv(request.accept)


def encode(answers: "Answers", csv_wanted: bool) -> "Any":
    """Return `{"predictions": [...]}`, or the same as CSV with a header line."""
    if not csv_wanted:
        return {"predictions": answers.detailed()}
    from _csv import writer

    buffer = StringIO(newline="")
    table = writer(buffer)
    rows = [value if isinstance(value, list) else [value] for value in answers.plain()]
    names, labels = ["prediction"], answers.class_names()
    if len(rows[0]) > 1:
        labels = list(range(len(rows[0])))
        names = [f"prediction_{target}" for target in labels]
    if answers.has_flat_probabilities():
        names += [f"probability_{label}" for label in labels]
        rows = [row + part for row, part in zip(rows, answers.probabilities or [])]
    table.writerow(names)
    table.writerows(rows)
    return CsvText(buffer.getvalue())


def _cell(text: str, column: "Any", row: int) -> "Any":
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
        number = float(stripped)
        # `float` takes more than numbers: digits grouped by underscores, `nan` and `infinity`.
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


def _as_category(text: str, column: "Any") -> "Any":
    """The category that is written so; a CSV cell does not say whether 3 is a number or a text."""
    categories = column.get("categories", ())
    if text in categories:
        return text
    if column.get("optional") and column.get("dtype") == "object":
        try:
            return float(text)
        except ValueError:
            return text
    for category in categories:
        if isinstance(category, (int, float)) and text.strip() in (str(category), str(int(category))):
            return category
    return text


def _wants_csv(accept: str) -> bool:
    wanted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    csv_at = [wanted.index(name) for name in ("text/csv", "application/csv") if name in wanted]
    json_at = [*wanted, "application/json"].index("application/json")
    return min(csv_at, default=json_at) < json_at
