"""Outputs: a temporary file next to the output path, renamed when it is complete. A later run can continue a partial file."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Protocol

from iris_model.errors import IrisModelError

from .sources import import_pyarrow

PARTIAL = ".partial"
# Rows in one part of a Parquet output. An interrupted run loses the part that it was writing.
PART_ROWS = 1 << 20
MIXED = "Write CSV or JSON Lines, or leave the column out of --keep: a column of Parquet has one type."


class Sink(Protocol):
    """Takes blocks in order."""

    def write(self, block: Any) -> None:
        """Append a block."""

    def checkpoint(self) -> Mapping[str, Any] | None:
        """Return the state that a later run needs to continue after the last block; None if that is not possible now."""

    def finish(self) -> None:
        """Rename the complete output to its path."""

    def close(self) -> None:
        """Keep the partial output for a later run."""

    def discard(self) -> None:
        """Remove the partial output, because no later run can use it. The sink must be closed."""


class StandardSink:
    """Standard output, which no later run can continue."""

    def write(self, block: bytes) -> None:
        """Append a block."""
        sys.stdout.buffer.write(block)

    def checkpoint(self) -> None:
        """Return None: no run can continue standard output."""

    def finish(self) -> None:
        """Flush standard output."""
        sys.stdout.buffer.flush()

    close = finish

    def discard(self) -> None:
        """Do nothing: the output cannot be removed."""


class TextSink:
    """Lines of text, with or without compression."""

    def __init__(self, path: Path, state: Mapping[str, Any] | None) -> None:
        self._path = path
        self._partial = path.with_name(path.name + PARTIAL)
        self._file: IO[bytes] = self._partial.open("r+b" if state else "wb")
        if state:
            self._file.truncate(state["size"])
            self._file.seek(0, os.SEEK_END)

    @staticmethod
    def can_resume(path: Path, state: Mapping[str, Any]) -> bool:
        """Whether the partial file has at least the recorded size."""
        partial = path.with_name(path.name + PARTIAL)
        return partial.is_file() and partial.stat().st_size >= state["size"]

    def write(self, block: bytes) -> None:
        """Append a block."""
        self._file.write(block)

    def checkpoint(self) -> Mapping[str, Any]:
        """Flush to disk, and return the size of the partial file."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return {"size": self._file.tell()}

    def finish(self) -> None:
        """Rename the partial file to the output path."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._partial.replace(self._path)

    def close(self) -> None:
        """Keep the partial file."""
        self._file.close()

    def discard(self) -> None:
        """Remove the partial file."""
        self._partial.unlink(missing_ok=True)


class ParquetSink:
    """Record batches, written as several Parquet files and joined at the end: an incomplete Parquet file cannot be read."""

    def __init__(self, path: Path, state: Mapping[str, Any] | None) -> None:
        self._path = path
        self._parts = list(state["parts"]) if state else []
        self._writer: Any = None
        self._schema: Any = None
        self._rows = 0
        for left in path.parent.glob(f"{glob_name(path)}{PARTIAL}-*"):
            if left.name not in self._parts:
                left.unlink()

    @staticmethod
    def can_resume(path: Path, state: Mapping[str, Any]) -> bool:
        """Whether all parts exist."""
        return all(path.with_name(name).is_file() for name in state["parts"])

    def write(self, block: Any) -> None:
        """Append a record batch."""
        if isinstance(block, bytes):
            return
        if self._writer is not None and not self._schema.equals(block.schema):
            # A column without values has another type than one with values: the parts are joined in the end.
            self.close()
        self._schema = block.schema
        if block.num_rows:
            if self._writer is None:
                self._parts.append(f"{self._path.name}{PARTIAL}-{len(self._parts):05d}")
                self._writer = import_pyarrow().parquet.ParquetWriter(
                    self._path.with_name(self._parts[-1]), block.schema
                )
            self._writer.write_batch(block)
            self._rows += block.num_rows

    def checkpoint(self) -> Mapping[str, Any] | None:
        """Close the part if it is large enough, and return the names of all parts; else None."""
        if self._rows < PART_ROWS:
            return None
        self.close()
        return {"parts": list(self._parts)}

    def finish(self) -> None:
        """Join the parts, and rename the result to the output path."""
        pyarrow = import_pyarrow()
        self.close()
        paths = [self._path.with_name(name) for name in self._parts]
        whole = self._path.with_name(self._path.name + PARTIAL)
        if len(paths) == 1:
            paths[0].replace(whole)
        else:
            self._join(paths, whole, pyarrow, self._schema or pyarrow.schema([]))
        whole.replace(self._path)
        for path in paths:
            path.unlink(missing_ok=True)

    @staticmethod
    def _join(paths: list[Path], whole: Path, pyarrow: Any, empty: Any) -> None:
        schemas = [pyarrow.parquet.read_schema(path) for path in paths]
        try:
            schema = pyarrow.unify_schemas(schemas or [empty], promote_options="permissive")
        except pyarrow.ArrowException as error:
            said = str(error).partition("\n")[0]
            raise IrisModelError(f"a kept column has values of different types: {said}", remedy=MIXED) from None
        with pyarrow.parquet.ParquetWriter(whole, schema) as writer:
            for path in paths:
                with pyarrow.parquet.ParquetFile(path) as part:
                    for group in range(part.num_row_groups):
                        writer.write_table(part.read_row_group(group).cast(schema))

    def close(self) -> None:
        """Close the current part."""
        if self._writer is not None:
            self._writer.close()
        self._writer, self._rows = None, 0

    def discard(self) -> None:
        """Remove the parts."""
        for name in [*self._parts, self._path.name + PARTIAL]:
            self._path.with_name(name).unlink(missing_ok=True)


def glob_name(path: Path) -> str:
    """Return a glob pattern that matches exactly the name of `path`."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path.name)
