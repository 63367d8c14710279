"""Rows of a text of CSV or JSON Lines, answered in blocks. If a block has a refused row, its rows are answered one by one."""

from iris_model.engine.errors import InvalidInput
from iris_model.runtime.events import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from iris_model.contract.signature import Column

    from .interface import Model

ROWS = 2000
CSV = "text/csv"


class Block:
    """Lines of some rows. `first` is the number of the first row, counted from 0; `header` is CSV's, or ""."""

    __slots__ = ("content_type", "first", "header", "lines")

    def __init__(self, content_type: str, header: str, first: int, lines: "list[str]") -> None:
        self.content_type = content_type
        self.header = header
        self.first = first
        self.lines = lines

    def make_request(self, lines: "list[str]") -> Request:
        """Return these lines as a request."""
        if self.content_type == CSV:
            return Request("POST", {"content-type": CSV}, self.header + "".join(lines))
        return Request("POST", {}, "[" + ",".join(lines) + "]")


def split_blocks(text: str, content_type: str, columns: "list[Column]") -> "Iterator[Block]":
    """Yield the rows in blocks. Empty lines are no rows. A quoted CSV cell may contain line ends."""
    lines = _lines(text, content_type == CSV)
    header = ""
    if content_type == CSV:
        from _csv import Error, reader

        from iris_model.runtime.payloads.csv import find_header

        first = next(lines, None)
        if first is None:
            return
        try:
            is_header = find_header(next(reader([first])), columns) is not None
        except (Error, StopIteration):
            is_header = False
        if is_header:
            header = first
        else:
            lines = _chain(first, lines)
    number, block = 0, []
    for line in lines:
        block.append(line)
        if len(block) == ROWS:
            yield Block(content_type, header, number, block)
            number += len(block)
            block = []
    if block:
        yield Block(content_type, header, number, block)


def answer_blocks(
    model: "Model", blocks: "Iterator[Block]"
) -> "Iterator[tuple[int, str, dict[str, object] | InvalidInput]]":
    """Yield (number of the row, its line, its answer or why it was refused), in order."""
    for block in blocks:
        try:
            values: list[dict[str, object] | InvalidInput] = _answer(model, block, block.lines)
        except InvalidInput:
            values = [_answer_line(model, block, line) for line in block.lines]
        for index, (line, value) in enumerate(zip(block.lines, values)):
            yield block.first + index, line.rstrip("\r\n"), value


def _answer(model: "Model", block: Block, lines: "list[str]") -> "list[dict[str, object] | InvalidInput]":
    check_lines(block, lines)
    value = model._reply(block.make_request(lines), False, False).value
    assert isinstance(value, dict)
    answers: list[dict[str, object] | InvalidInput] = value.get("predictions", [value])
    if len(answers) != len(lines):
        raise InvalidInput(f"{len(lines)} lines have {len(answers)} rows; expected one row in each line")
    return answers


def _answer_line(model: "Model", block: Block, line: str) -> "dict[str, object] | InvalidInput":
    try:
        return _answer(model, block, [line])[0]
    except InvalidInput as error:
        return error


def check_lines(block: Block, lines: "list[str]") -> None:
    """Raise InvalidInput if lines of JSON could be rows only together: then the answers would shift."""
    if block.content_type != CSV and len(lines) > 1 and not all(map(_is_closed, lines)):
        raise InvalidInput("a line is not one JSON value; expected one row in each line", problem="malformed")


def _is_closed(line: str) -> bool:
    """Whether a line begins and ends as one JSON value, so that it cannot join with the next line."""
    text = line.strip()
    return text[:1] + text[-1:] in ("[]", "{}", '""')


def _lines(text: str, has_quotes: bool) -> "Iterator[str]":
    """Yield the lines that are not empty, with their line ends; the lines of a quoted cell together."""
    start, length = 0, len(text)
    while start < length:
        end = text.find("\n", start) + 1 or length
        line = text[start:end]
        if has_quotes:
            while line.count('"') % 2 and end < length:
                end = text.find("\n", end) + 1 or length
                line = text[start:end]
        start = end
        if line.strip():
            yield line if line.endswith("\n") else f"{line}\n"


def _chain(first: str, rest: "Iterator[str]") -> "Iterator[str]":
    yield first
    yield from rest
