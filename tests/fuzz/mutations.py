"""Changes that an attacker would make to a compiled model: offsets, shapes, types, indices, attributes, the order of nodes.

Needs the standard library only, so that it runs in an interpreter without packages, under a sanitizer.
"""

from __future__ import annotations

import json
import math
import random
import struct
from collections.abc import Callable, Iterator
from typing import Any

WORDS = ["", "rows", "mean", "predict", "\0", "a" * 1000]
NUMBERS_OF_JSON = [-1, 0, 1, 7, 255, 2**31, 2**63, 10**9, 10**30, -(2**40), 0.5, 1e308, -1e-320]
VALUES: list[Any] = [None, True, [], {}, [None], [[]], [1, "a"], {"a": 1}, *WORDS, *NUMBERS_OF_JSON]


def split(data: bytes) -> tuple[dict[str, Any], bytes]:
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    for name in ("graph", "signature", "source"):
        header["__metadata__"][name] = json.loads(header["__metadata__"][name])
    return header, data[8 + length :]


def join(header: dict[str, Any], tensors: bytes) -> bytes:
    metadata = header.get("__metadata__")
    if isinstance(metadata, dict):
        packed = {name: value if isinstance(value, str) else json.dumps(value) for name, value in metadata.items()}
        header = {**header, "__metadata__": packed}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + tensors


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) inside a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield value, key
        yield from places(inner)


def change_json(header: dict[str, Any], tensors: bytes, numbers: random.Random) -> bytes:
    """One place of the header, the graph or the signature: another value, another place's value, or nothing."""
    found = [place for place in places(header) if place[1] not in ("source", "format")]
    container, key = numbers.choice(found)
    choice = numbers.random()
    if choice < 0.5:
        container[key] = numbers.choice(VALUES)
    elif choice < 0.85:
        other, at = numbers.choice(found)
        container[key] = json.loads(json.dumps(other[at]))
    else:
        del container[key]
    return join(header, tensors)


def change_number(header: dict[str, Any], tensors: bytes, numbers: random.Random) -> bytes:
    """One element of a tensor."""
    if not tensors:
        return join(header, tensors)
    place = numbers.randrange(len(tensors)) // 8 * 8
    wrong = numbers.choice(
        [b"\xff" * 8, b"\0" * 8, struct.pack("<d", float("nan")), struct.pack("<q", 2**31), b"\x7f" * 4]
    )
    return join(header, tensors[:place] + wrong + tensors[place + len(wrong) :])


def change_bytes(header: dict[str, Any], tensors: bytes, numbers: random.Random) -> bytes:
    """A few bytes anywhere, or the end missing."""
    data = bytearray(join(header, tensors))
    for _ in range(numbers.randrange(1, 9)):
        data[numbers.randrange(len(data))] = numbers.randrange(256)
    return bytes(data[: numbers.randrange(len(data))] if numbers.random() < 0.1 else data)


def change_offsets(header: dict[str, Any], tensors: bytes, numbers: random.Random) -> bytes:
    """A tensor that begins elsewhere: over another, misaligned, or beyond the end."""
    names = [name for name in header if name != "__metadata__"]
    if names:
        entry = header[numbers.choice(names)]
        by = numbers.choice([1, 3, 4, 8, -8, 16, 64, 2**40])
        entry["data_offsets"] = [offset + by for offset in entry["data_offsets"]]
    return join(header, tensors)


def change_shape(header: dict[str, Any], tensors: bytes, numbers: random.Random) -> bytes:
    """The same numbers in another shape or of another type."""
    names = [name for name in header if name != "__metadata__"]
    if names:
        entry = header[numbers.choice(names)]
        size = math.prod(entry["shape"])
        entry["shape"] = numbers.choice(
            [[size], [size, 1], [1, size], [1, 1, size], [0], [2**40, 2**40], entry["shape"][::-1]]
        )
        entry["dtype"] = numbers.choice([entry["dtype"], entry["dtype"], "I64", "U8", "F32"])
    return join(header, tensors)


def reorder(header: dict[str, Any], tensors: bytes, numbers: random.Random) -> bytes:
    """Nodes that need each other, or themselves."""
    nodes = header["__metadata__"]["graph"]["nodes"]
    one, other = numbers.choice(nodes), numbers.choice(nodes)
    one["inputs"] = [other["output"] for _ in one["inputs"]]
    if numbers.random() < 0.5:
        numbers.shuffle(nodes)
    return join(header, tensors)


MUTATORS: list[Callable[[dict[str, Any], bytes, random.Random], bytes]] = [
    change_json, change_json, change_number, change_number, change_bytes, change_offsets, change_shape, reorder,
]  # fmt: skip
