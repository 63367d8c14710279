"""The work of one process of the pool: read, score and encode a block."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from iris_model.engine.errors import InvalidInput
from iris_model.errors import IrisModelError
from iris_model.scoring.core import BatchCore
from iris_model.scoring.model import Model
from iris_model.scoring.outputs import column_names, flatten

from .blocks import Block
from .encoding import Encoder
from .formats import Format
from .records import Bad, RecordReader
from .scoring import score


@dataclass(frozen=True)
class Work:
    """The options for every block. `errors` is fail, null or file."""

    model: Model
    methods: tuple[str, ...]
    keep: tuple[str, ...]
    errors: str
    output: Format


@dataclass(frozen=True)
class Done:
    """A block of the output: its data, number of rows, names of the answer columns, and refused records."""

    data: Any
    rows: int
    names: list[str]
    bad: list[Bad]


class Worker:
    """Scores the blocks of one run."""

    def __init__(self, work: Work) -> None:
        self._core = BatchCore(work.model.evaluator)
        self._reader = RecordReader(self._core.layout, work.keep)
        self._encoder = Encoder(work.output, work.keep, fill=work.errors == "null")
        self._work = work

    def do(self, block: Block) -> Done:
        """Score one block. Raises IrisModelError with the file, line and column of the first refused row."""
        records = self._reader.read(block)
        try:
            scored = score(self._core, records, self._work.methods, tolerant=self._work.errors != "fail")
        except InvalidInput as error:
            line = None if error.row is None else block.place.line + records.lines[error.row] + 1
            raise _refusal(block, line, error) from None
        return Done(self._encoder.encode(scored), scored.count, scored.names, scored.bad)

    def names(self) -> list[str]:
        """Return the names of the answer columns, also when no row was scored."""
        core = self._core
        return [
            name for method in self._work.methods for name in column_names(method, core.empty(method), core.signature)
        ]

    def header(self, names: Sequence[str]) -> Any:
        """Return the first bytes of the output, or a batch without rows."""
        empty = [column for method in self._work.methods for column in flatten(self._core.empty(method))]
        return self._encoder.header(names, empty)


def _refusal(block: Block, line: int | None, error: InvalidInput) -> IrisModelError:
    """Return the error with the row's line in the file instead of its number in the block."""
    said = str(error)
    if error.row is not None and said.startswith("row "):
        said = said.partition(" ")[2].partition(" ")[2] if ", " not in said.split(" ")[1] else said
        said = said.removeprefix(", ").removeprefix(": ")
    where = block.name if line is None else f"{block.name}, line {line}"
    return IrisModelError(
        f"{where}: {said}", remedy="Correct the row, or use --errors null or --errors file to continue without it."
    )


_worker: list[Worker] = []


def start(work: Work) -> None:
    """Initialize a process of the pool. It ignores Ctrl-C, which the parent process handles."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker[:] = [Worker(work)]


def do_block(block: Block) -> Done:
    """Score a block in a process of the pool."""
    return _worker[0].do(block)
