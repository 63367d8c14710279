"""Score files: a pool of processes scores blocks, and their answers are written in input order."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

from iris_model.errors import IrisModelError
from iris_model.scoring.model import Model

from .blocks import BLOCK_BYTES, BLOCK_ROWS, Block, Place, read_blocks
from .formats import Format
from .journal import Journal
from .sinks import ParquetSink, Sink, StandardSink, TextSink
from .sources import STANDARD, Input
from .workers import Done, Work, Worker, do_block, start

# Blocks that wait for each process: enough that none is idle, and few enough to limit memory.
WAITING = 3
ERRORS_SUFFIX = ".errors.jsonl"


@dataclass(frozen=True)
class Request:
    """What to score. `errors`: fail, null (a refused row gets empty answers) or file (refused rows go to another file)."""

    model: Model
    inputs: Sequence[Input]
    output: str
    output_format: Format
    methods: tuple[str, ...]
    keep: tuple[str, ...] = ()
    errors: str = "fail"
    jobs: int = 1
    restart: bool = False


@dataclass
class Progress:
    """The progress of a run: rows, and bytes of the input files."""

    rows: int = 0
    refused: int = 0
    read_bytes: int = 0
    total_bytes: int = 0
    resumed_rows: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def rate(self) -> float:
        """Rows per second of this run."""
        return (self.rows - self.resumed_rows) / max(1e-9, time.monotonic() - self.started)


@dataclass(frozen=True)
class Summary:
    """The result of a run: rows read, rows refused, seconds, and rows that an earlier run had already scored."""

    rows: int
    refused: int
    seconds: float
    resumed_rows: int
    errors_file: str | None


def predict_files(request: Request, on_progress: Callable[[Progress], None] = lambda progress: None) -> Summary:
    """Score the inputs and write the output file. The file appears only when it is complete.

    If a run is interrupted or fails, the next run with the same model, inputs and options continues it. Raises
    IrisModelError with the file and the line of the problem.
    """
    return _Run(request, on_progress).go()


class _Run:
    def __init__(self, request: Request, on_progress: Callable[[Progress], None]) -> None:
        self._request = request
        self._on_progress = on_progress
        keep = tuple(dict.fromkeys(request.keep))
        self._work = Work(request.model, request.methods, keep, request.errors, request.output_format)
        # For each input: the bytes of all inputs before it.
        *self._bytes_before, total_bytes = accumulate((each.size for each in request.inputs), initial=0)
        self._progress = Progress(total_bytes=total_bytes)
        self._output = Path(request.output)
        self._sink_type = ParquetSink if request.output_format.kind == "parquet" else TextSink
        self._can_resume = request.output != STANDARD and not any(each.is_standard for each in request.inputs)
        self._journal = Journal(self._output, self._identity())
        self._names: list[str] = []
        self._worker = Worker(self._work)
        if both := [name for name in keep if name in self._worker.names()]:
            raise IrisModelError(
                f"--keep names the column {both[0]!r}, but a column of the answers has the same name",
                remedy="Leave it out of --keep, or rename it in the input.",
            )

    def go(self) -> Summary:
        state = self._find_state()
        if state is None and self._can_resume:
            self._journal.remove()
        sink = self._open_sink(state)
        errors = self._open_errors(state)
        place = Place(**state["place"]) if state else Place()
        done_place: Place | None = None
        try:
            for block, done in self._score(place):
                with self._naming_output():
                    self._write(sink, errors, block, done)
                    done_place = block.end
                    if self._journal.is_due:
                        self._remember(sink, errors, done_place)
                self._on_progress(self._progress)
            with self._naming_output():
                if not self._names:
                    sink.write(self._worker.header(self._worker.names()))
                sink.finish()
                if errors is not None:
                    errors.finish()
        except BaseException:
            self._leave(sink, errors, done_place)
            raise
        self._journal.remove()
        progress = self._progress
        seconds = time.monotonic() - progress.started
        name = str(self._errors_path()) if errors is not None else None
        return Summary(progress.rows, progress.refused, seconds, progress.resumed_rows, name)

    # --- blocks ---

    def _blocks(self, place: Place) -> Iterator[Block]:
        columns = self._request.model.signature["columns"]
        names = tuple(column["name"] for column in columns)
        wanted = [*names, *self._request.keep] if self._request.model.signature.get("named") else None
        for number, source in enumerate(self._request.inputs):
            if number >= place.input:
                begin = place if number == place.input else Place(number)
                yield from read_blocks(source, number, begin, names, wanted)

    def _score(self, place: Place) -> Iterator[tuple[Block, Done]]:
        jobs = self._request.jobs
        blocks = self._blocks(place)
        if jobs <= 1:
            yield from ((block, self._worker.do(block)) for block in blocks)
            return
        method = "fork" if sys.platform == "linux" else "spawn"
        context = multiprocessing.get_context(method)
        pool = ProcessPoolExecutor(jobs, context, start, (self._work,))
        waiting: deque[tuple[Block, Future[Done]]] = deque()
        try:
            for block in blocks:
                waiting.append((block, pool.submit(do_block, block)))
                if len(waiting) >= jobs * WAITING:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        except BrokenProcessPool:
            raise IrisModelError(
                "a worker process was killed, possibly because the machine ran out of memory",
                remedy="Run the command again: it continues where it stopped. --jobs 1 needs the least memory.",
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    # --- outputs ---

    def _write(self, sink: Sink, errors: Sink | None, block: Block, done: Done) -> None:
        if not self._names:
            self._names = done.names
            sink.write(self._worker.header(done.names))
        sink.write(done.data)
        if errors is not None:
            errors.write(b"".join(_as_line(block, each) for each in done.bad))
        progress = self._progress
        progress.rows += done.rows
        progress.refused += len(done.bad)
        progress.read_bytes = self._bytes_before[block.place.input] + block.read_bytes

    def _open_sink(self, state: Mapping[str, Any] | None) -> Sink:
        if self._request.output == STANDARD:
            return StandardSink()
        try:
            return self._sink_type(self._output, state["sink"] if state else None)
        except OSError as error:
            raise IrisModelError(
                f"{self._output} cannot be written: {error.strerror or error}",
                remedy="Choose a file in an existing directory where you have write permission.",
            ) from None

    def _errors_path(self) -> Path:
        return self._output.with_name(self._output.name + ERRORS_SUFFIX)

    def _open_errors(self, state: Mapping[str, Any] | None) -> Sink | None:
        if self._request.errors != "file":
            return None
        return TextSink(self._errors_path(), state["errors"] if state else None)

    @contextlib.contextmanager
    def _naming_output(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            name = "standard output" if self._request.output == STANDARD else self._output
            more = ", and run the command again: it continues where it stopped" if self._journal.exists else ""
            raise IrisModelError(
                f"{name} cannot be written: {os.strerror(error.errno) if error.errno else error}",
                remedy=f"Free some space on the disk{more}.",
            ) from None

    def _leave(self, sink: Sink, errors: Sink | None, place: Place | None) -> None:
        """Keep the partial output if the next run can use it, else remove it. The disk may be full."""
        sinks = [sink] if errors is None else [sink, errors]
        with contextlib.suppress(OSError):
            if place is not None:
                self._remember(sink, errors, place)
        for each in sinks:
            with contextlib.suppress(OSError):
                each.close()
        if not self._can_resume or not self._journal.exists:
            for each in sinks:
                each.discard()

    # --- continuing an earlier run ---

    def _identity(self) -> dict[str, Any]:
        request = self._request
        inputs = [
            [each.name, each.size, 0 if each.is_standard else Path(each.name).stat().st_mtime_ns, vars(each.format)]
            for each in request.inputs
        ]
        return {
            "model": request.model.digest,
            "inputs": inputs,
            "format": vars(request.output_format),
            "methods": list(request.methods),
            "keep": list(request.keep),
            "errors": request.errors,
            "blocks": [BLOCK_BYTES, BLOCK_ROWS],
        }

    def _find_state(self) -> Mapping[str, Any] | None:
        state = self._journal.read() if self._can_resume and not self._request.restart else None
        if state is None:
            return None
        if not self._sink_type.can_resume(self._output, state["sink"]):
            return None
        if state["errors"] is not None and not TextSink.can_resume(self._errors_path(), state["errors"]):
            return None
        self._progress.rows = self._progress.resumed_rows = state["rows"]
        self._progress.refused = state["refused"]
        self._names = state["names"]
        return state

    def _remember(self, sink: Sink, errors: Sink | None, place: Place) -> None:
        if not self._can_resume or (state := sink.checkpoint()) is None:
            return
        progress = self._progress
        wrong = None if errors is None else errors.checkpoint()
        counts = {"rows": progress.rows, "refused": progress.refused, "names": self._names}
        self._journal.write(place, sink=state, errors=wrong, **counts)


def _as_line(block: Block, bad: Any) -> bytes:
    value = {"file": block.name, "line": block.place.line + bad.line + 1, "error": bad.message, "feature": bad.feature}
    if bad.record:
        value["record"] = bad.record
    return (json.dumps(value, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")
