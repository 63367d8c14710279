"""What a process of the pool does with a block: read, score, encode."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from iris_model.engine.errors import InvalidInput
from iris_model.errors import IrisModelError
from iris_model.scoring.core import BatchCore
from iris_model.scoring.model import Model
from iris_model.scoring.outputs import column_names

from .blocks import Block
from .encoding import Encoder
from .formats import Format
from .records import Bad, RecordReader
from .scoring import score


@dataclass(frozen=True)
class Work:
    """All that is done with each block. `errors` is fail, null or file."""

    model: Model
    methods: tuple[str, ...]
    keep: tuple[str, ...]
    errors: str
    output: Format


@dataclass(frozen=True)
class Done:
    """A block of the output, its rows, the names of its answers, and the records that were refused."""

    data: Any
    rows: int
    names: list[str]
    bad: list[Bad]


class Worker:
    """Does blocks of one run."""

    def __init__(self, work: Work) -> None:
        self._core = BatchCore(work.model.evaluator)
        self._reader = RecordReader(self._core.layout, work.keep)
        self._encoder = Encoder(work.output, work.keep, fill=work.errors == "null")
        self._work = work

    def do(self, block: Block) -> Done:
        """Score one block. IrisModelError names the file, the line and the column of the first row that is refused."""
        records = self._reader.read(block)
        try:
            scored = score(self._core, records, self._work.methods, tolerant=self._work.errors != "fail")
        except InvalidInput as error:
            line = None if error.row is None else block.place.line + records.lines[error.row] + 1
            raise _refusal(block, line, error) from None
        return Done(self._encoder.encode(scored), scored.count, scored.names, scored.bad)

    def names(self) -> list[str]:
        """How the columns of the answers are called where no row was scored."""
        core = self._core
        return [
            name for method in self._work.methods for name in column_names(method, core.empty(method), core.signature)
        ]

    def header(self, names: Sequence[str]) -> bytes:
        """What the output begins with."""
        return self._encoder.header(names)


def _refusal(block: Block, line: int | None, error: InvalidInput) -> IrisModelError:
    """The row is known by its line in the file, not by its number in the block."""
    said = str(error)
    if error.row is not None and said.startswith("row "):
        said = said.partition(" ")[2].partition(" ")[2] if ", " not in said.split(" ")[1] else said
        said = said.removeprefix(", ").removeprefix(": ")
    where = block.name if line is None else f"{block.name}, line {line}"
    return IrisModelError(
        f"{where}: {said}", remedy="Correct the row, or use --errors null or --errors file to go on without it."
    )


_worker: list[Worker] = []


def start(work: Work) -> None:
    """Begin in a process of the pool. Ctrl-C is for the process that has the pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker[:] = [Worker(work)]


def do_block(block: Block) -> Done:
    """Do a block in a process of the pool."""
    return _worker[0].do(block)
