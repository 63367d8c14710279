"""The output: a temporary file next to its path until it is complete, then renamed. A partial file can be continued."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Protocol

from .sources import import_pyarrow

PARTIAL = ".partial"
# Rows of a part of Parquet: a part that is begun is lost where a run is interrupted.
PART_ROWS = 1 << 20


class Sink(Protocol):
    """Takes blocks in order."""

    def write(self, block: Any) -> None:
        """Append a block."""

    def checkpoint(self) -> Mapping[str, Any] | None:
        """What `resume` needs to go on after the blocks that were written; None where that is not possible now."""

    def finish(self) -> None:
        """Put the output in its place."""

    def close(self) -> None:
        """Leave what is there for a later run."""

    def discard(self) -> None:
        """Remove what is there: no later run can use it. The sink is closed."""


class StandardSink:
    """Standard output: what is written is gone."""

    def write(self, block: bytes) -> None:
        """Append a block."""
        sys.stdout.buffer.write(block)

    def checkpoint(self) -> None:
        """There is no going on."""

    def finish(self) -> None:
        """Flush."""
        sys.stdout.buffer.flush()

    close = finish

    def discard(self) -> None:
        """What is written is gone."""


class TextSink:
    """Lines of text, compressed or not."""

    def __init__(self, path: Path, state: Mapping[str, Any] | None) -> None:
        self._path = path
        self._partial = path.with_name(path.name + PARTIAL)
        self._file: IO[bytes] = self._partial.open("r+b" if state else "wb")
        if state:
            self._file.truncate(state["size"])
            self._file.seek(0, os.SEEK_END)

    @staticmethod
    def can_resume(path: Path, state: Mapping[str, Any]) -> bool:
        """Whether all that was written is there."""
        partial = path.with_name(path.name + PARTIAL)
        return partial.is_file() and partial.stat().st_size >= state["size"]

    def write(self, block: bytes) -> None:
        """Append a block."""
        self._file.write(block)

    def checkpoint(self) -> Mapping[str, Any]:
        """The size of what is on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return {"size": self._file.tell()}

    def finish(self) -> None:
        """Put the file in its place."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._partial.replace(self._path)

    def close(self) -> None:
        """Keep what is there."""
        self._file.close()

    def discard(self) -> None:
        """Remove the partial file."""
        self._partial.unlink(missing_ok=True)


class ParquetSink:
    """Record batches, in parts that become one file in the end: a Parquet file that is not ended cannot be read."""

    def __init__(self, path: Path, state: Mapping[str, Any] | None) -> None:
        self._path = path
        self._parts = list(state["parts"]) if state else []
        self._writer: Any = None
        self._rows = 0
        for left in path.parent.glob(f"{glob_name(path)}{PARTIAL}-*"):
            if left.name not in self._parts:
                left.unlink()

    @staticmethod
    def can_resume(path: Path, state: Mapping[str, Any]) -> bool:
        """Whether all parts are there."""
        return all(path.with_name(name).is_file() for name in state["parts"])

    def write(self, block: Any) -> None:
        """Append a record batch."""
        if not isinstance(block, bytes) and block.num_rows:
            if self._writer is None:
                self._parts.append(f"{self._path.name}{PARTIAL}-{len(self._parts):05d}")
                self._writer = import_pyarrow().parquet.ParquetWriter(
                    self._path.with_name(self._parts[-1]), block.schema
                )
            self._writer.write_batch(block)
            self._rows += block.num_rows

    def checkpoint(self) -> Mapping[str, Any] | None:
        """The parts, where the last one is long enough to be ended."""
        if self._rows < PART_ROWS:
            return None
        self.close()
        return {"parts": list(self._parts)}

    def finish(self) -> None:
        """Join the parts, and put the file in its place."""
        pyarrow = import_pyarrow()
        self.close()
        paths = [self._path.with_name(name) for name in self._parts]
        whole = self._path.with_name(self._path.name + PARTIAL)
        if len(paths) == 1:
            paths[0].replace(whole)
        else:
            self._join(paths, whole, pyarrow)
        whole.replace(self._path)
        for path in paths:
            path.unlink(missing_ok=True)

    @staticmethod
    def _join(paths: list[Path], whole: Path, pyarrow: Any) -> None:
        schemas = [pyarrow.parquet.read_schema(path) for path in paths]
        schema = pyarrow.unify_schemas(schemas, promote_options="permissive") if schemas else pyarrow.schema([])
        with pyarrow.parquet.ParquetWriter(whole, schema) as writer:
            for path in paths:
                with pyarrow.parquet.ParquetFile(path) as part:
                    for group in range(part.num_row_groups):
                        writer.write_table(part.read_row_group(group).cast(schema))

    def close(self) -> None:
        """End the part that is begun."""
        if self._writer is not None:
            self._writer.close()
        self._writer, self._rows = None, 0

    def discard(self) -> None:
        """Remove the parts."""
        for name in [*self._parts, self._path.name + PARTIAL]:
            self._path.with_name(name).unlink(missing_ok=True)


def glob_name(path: Path) -> str:
    """A name as a pattern that stands for nothing but it."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path.name)
