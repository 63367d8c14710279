"""Digests: the hash of a blob's bytes is its name.

A `Digest` is always valid. The digest of compressed bytes is called `digest`, that of uncompressed bytes `diff_id`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from iris_model.errors import InvalidReference

BLOCK = 1 << 18
"""Block size for reading, in bytes."""

_HEX_LENGTHS = {"sha256": 64, "sha512": 128}
_HEX = re.compile(r"[0-9a-f]*")


@dataclass(frozen=True, order=True)
class Digest:
    """`sha256:<64 lower-case hexadecimal digits>`, or the same with sha512."""

    algorithm: str
    hex: str

    def __post_init__(self) -> None:
        length = _HEX_LENGTHS.get(self.algorithm)
        if length is None:
            raise InvalidReference(
                f"digest {str(self)!r}: the algorithm is {self.algorithm!r}, expected sha256 or sha512",
                remedy="Copy the whole digest, as `docker images --digests` or the registry shows it.",
            )
        if len(self.hex) != length or not _HEX.fullmatch(self.hex):
            raise InvalidReference(
                f"digest {str(self)!r}: expected {length} hexadecimal digits in lower case after {self.algorithm}:, "
                f"got {len(self.hex)} characters",
                remedy="Copy the whole digest, as `docker images --digests` or the registry shows it.",
            )

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Parse a digest."""
        algorithm, colon, digits = text.partition(":")
        if not colon:
            raise InvalidReference(
                f"digest {text!r} has no algorithm, expected sha256:<64 hexadecimal digits>",
                remedy="Copy the whole digest, as `docker images --digests` or the registry shows it.",
            )
        return cls(algorithm, digits)

    @classmethod
    def of(cls, data: bytes, algorithm: str = "sha256") -> Digest:
        """Return the digest of bytes."""
        return cls(algorithm, hashlib.new(algorithm, data).hexdigest())

    @classmethod
    def of_stream(cls, stream: BinaryIO, algorithm: str = "sha256") -> tuple[Digest, int]:
        """Return digest and size of the rest of a stream."""
        return cls.of_blocks(iter(lambda: stream.read(BLOCK), b""), algorithm)

    @classmethod
    def of_blocks(cls, blocks: Iterable[bytes], algorithm: str = "sha256") -> tuple[Digest, int]:
        """Return digest and size of blocks."""
        hasher, size = hashlib.new(algorithm), 0
        for block in blocks:
            hasher.update(block)
            size += len(block)
        return cls(algorithm, hasher.hexdigest()), size

    @property
    def short(self) -> str:
        """The first twelve digits, as Docker shows."""
        return self.hex[:12]

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"
