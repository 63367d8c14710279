"""Read a compiled-model file: a safetensors file, opened without copying its tensors.

Only the header is parsed, and its length does not depend on the number of parameters. Tensors are memory views of the
file. Format: docs/reference/compiled-model.md.
"""

import sys

from .errors import ModelFormatError
from .json_text import make_decoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT_NAME = "iris-model"
# Version 2 is only for wide models, whose columns share entries (wide_columns.py).
FORMAT_VERSIONS = (1, 2)

# Below this size, a plain read is faster than the import of `mmap` and the page faults.
MAP_FROM_BYTES = 64 * 1024

# safetensors dtype -> (memoryview format, item size)
ELEMENT_TYPES = {
    "F64": ("d", 8),
    "F32": ("f", 4),
    "I64": ("q", 8),
    "I32": ("i", 4),
    "I16": ("h", 2),
    "I8": ("b", 1),
    "U64": ("Q", 8),
    "U32": ("I", 4),
    "U16": ("H", 2),
    "U8": ("B", 1),
    "BOOL": ("B", 1),
}


class Container:
    """An opened compiled-model file: `graph`, `signature`, `source` (JSON values) and `tensor(name)`."""

    def __init__(self, path: str, data: "bytes | None" = None) -> None:
        """`data`: the content of the file, if it is not written; then `path` is only a name for messages."""
        self.path = path
        self._data = _map_file(path) if data is None else memoryview(data)
        header, self._start = self._read_header()
        metadata = header.pop("__metadata__", None)
        self._entries = header
        decode = make_decoder()
        try:
            format_name = metadata["format"]
            pieces = metadata["graph"], metadata["signature"], metadata["source"]
        except (TypeError, KeyError):
            raise self._error(
                "it is a safetensors file without iris-model's metadata, so not a compiled model; "
                "compile one with: iris-model compile MODEL -o FILE"
            ) from None
        self._check_format(format_name)
        try:
            self.graph, self.signature, self.source = map(decode, pieces)
        except (ValueError, TypeError, RecursionError) as error:
            raise self._error(f"its metadata is not valid JSON ({error}); compile the model again") from None

    def tensor(self, name: str) -> "tuple[memoryview[float], tuple[int, ...]]":
        """Return (flat memory view, shape) of one tensor. Raises ModelFormatError if the file is too short for it."""
        entry = self._entries.get(name)
        if entry is None:
            raise self._error(f"tensor {name!r}, which its graph uses, is not in the file; compile the model again")
        try:
            dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
            code, item_size = ELEMENT_TYPES[dtype]
            count = 1
            for length in shape:
                if type(length) is not int or length < 0:
                    raise ValueError
                count *= length
            if type(begin) is not int or type(end) is not int or begin < 0 or end - begin != count * item_size:
                raise ValueError
            begin += self._start
            end += self._start
            if end > len(self._data):
                raise ValueError
            view = self._data[begin:end]
        except (KeyError, TypeError, ValueError):
            raise self._error(
                f"tensor {name!r} is described as {entry!r}, which does not fit a file of {len(self._data)} bytes; "
                "the file is truncated or damaged: compile the model again"
            ) from None
        return _native(view, code, item_size), tuple(shape)

    def _read_header(self) -> "tuple[dict[str, Any], int]":
        data = self._data
        if len(data) < 8:
            raise self._error(f"it has {len(data)} bytes, too few for a header; compile the model again")
        length = int.from_bytes(data[:8], "little")
        if length > len(data) - 8:
            raise self._error(
                f"its header should have {length} bytes but the file ends after {len(data)}; "
                "it is truncated or not a compiled model: compile the model again"
            )
        try:
            header = make_decoder()(bytes(data[8 : 8 + length]).decode())
        except (ValueError, RecursionError) as error:
            raise self._error(f"its header is not valid JSON ({error}); compile the model again") from None
        if not isinstance(header, dict):
            raise self._error("its header is not a JSON object; compile the model again")
        return header, 8 + length

    def _check_format(self, text: object) -> None:
        name, _, version = str(text).partition("/")
        if name != FORMAT_NAME or not version.isdecimal():
            raise self._error(
                f"its format is {text!r}, expected '{FORMAT_NAME}/{FORMAT_VERSIONS[0]}'; compile the model again"
            )
        if int(version) not in FORMAT_VERSIONS:
            raise self._error(
                f"its format is {text!r}, this iris-model reads '{FORMAT_NAME}/{FORMAT_VERSIONS[-1]}' and older ones; "
                "install the iris-model that wrote it, or compile the model again with this one"
            )

    def _error(self, what: str) -> ModelFormatError:
        return ModelFormatError(f"cannot open the compiled model {self.path}: {what}")


def _map_file(path: str) -> memoryview:
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            if size < MAP_FROM_BYTES:
                return memoryview(file.read())
            from mmap import ACCESS_READ, mmap

            return memoryview(mmap(file.fileno(), 0, access=ACCESS_READ))
    except OSError as error:
        raise ModelFormatError(f"cannot open the compiled model {path}: {error.strerror or error}") from None


def _native(view: memoryview, code: str, item_size: int) -> "memoryview[float]":
    """Cast bytes to numbers. The file is little endian; swap the bytes on a big-endian machine."""
    if sys.byteorder != "little" and item_size > 1:
        data = bytearray(view)
        for offset in range(item_size // 2):
            mirror = item_size - 1 - offset
            data[offset::item_size], data[mirror::item_size] = data[mirror::item_size], data[offset::item_size]
        view = memoryview(data)
    native: memoryview[float] = view.cast(code)  # type: ignore[call-overload]
    return native
