"""Find the files next to an ONNX model that contain its weights: `torch.onnx.export` writes `x.onnx` and `x.onnx.data`.

Names are relative to the model. They are read from the protocol buffer
(https://github.com/onnx/onnx/blob/main/docs/ExternalData.md), without onnx or onnxruntime.
"""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from iris_model.errors import ModelFileError
from iris_model.readers.format_bytes import read_varint

# Message -> the number of each field that may contain tensors, and the type of that field.
_FIELDS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {
        **{5: "tensor", 6: "graph", 10: "tensor", 11: "graph"},
        **{22: "sparse tensor", 23: "sparse tensor"},
    },
    "sparse tensor": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
    "entry": {},
}
# The nesting depth of graphs: no exporter writes deeper ones.
_MOST_DEPTH = 64

Bytes = bytes | mmap.mmap


def find_external_files(path: Path) -> tuple[str, ...]:
    """Return the file names, sorted. Raises ModelFileError for a path outside of the model's directory."""
    with contextlib.suppress(OSError, ValueError), path.open("rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            names = set(_locations(data))
        for name in names:
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name:
                raise ModelFileError(
                    f"{path} has weights in {name!r}, which is outside its directory",
                    remedy="Export the model again, with its weights next to it.",
                )
        return tuple(sorted(names))
    return ()


def _locations(data: Bytes) -> Iterator[str]:
    waiting = [("model", 0, len(data), 0)]
    while waiting:
        message, start, end, depth = waiting.pop()
        if message == "entry":
            parts = {number: data[begin:stop] for number, begin, stop in _fields(data, start, end)}
            if parts.get(1) == b"location":
                yield bytes(parts.get(2, b"")).decode("utf-8", "replace")
            continue
        inner = _FIELDS[message]
        if depth < _MOST_DEPTH:
            waiting += [
                (inner[number], begin, stop, depth + 1)
                for number, begin, stop in _fields(data, start, end)
                if number in inner
            ]


def _fields(data: Bytes, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, start and end of each length-delimited field, up to the first invalid byte."""
    while position < end:
        tag = read_varint(data, position)
        if tag is None:
            return
        number, kind = tag[0] >> 3, tag[0] & 7
        position = tag[1]
        if kind in (1, 5):
            position += 8 if kind == 1 else 4
            continue
        value = read_varint(data, position) if kind in (0, 2) else None
        if value is None:
            return
        position = value[1]
        if kind == 2:
            if position + value[0] > end:
                return
            yield number, position, position + value[0]
            position += value[0]
