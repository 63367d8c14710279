"""Hashing while reading and writing: the digests of hashlib, and no thread that outlives its blob."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from iris_model.errors import InvalidImage
from iris_model.oci import BlobStore, BytesBlob, Digest
from iris_model.oci.blobs import verify_blocks
from iris_model.oci.hashing import WORTH_A_THREAD, hashing

SIZES = (0, 1, WORTH_A_THREAD - 1, WORTH_A_THREAD, 3 * WORTH_A_THREAD + 7)


def blocks_of(data: bytes, length: int = 100_000) -> Iterator[bytes]:
    return (data[start : start + length] for start in range(0, len(data), length))


def hashing_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "hashing"]


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("size", SIZES)
def test_the_digest_is_that_of_hashlib(algorithm: str, size: int):
    data = bytes(index * 7 % 251 for index in range(1000)) * (size // 1000 + 1)
    with hashing(algorithm, size) as hasher:
        assert len(hashing_threads()) == (size >= WORTH_A_THREAD)
        for block in blocks_of(data[:size]):
            hasher.update(block)
        assert hasher.hexdigest() == hashlib.new(algorithm, data[:size]).hexdigest()
    assert not hashing_threads()


def test_a_large_blob_that_is_damaged_at_its_very_end_is_not_passed_on_whole(tmp_path: Path):
    data = b"x" * (2 * WORTH_A_THREAD)
    good = BytesBlob.of(data)
    assert BlobStore(tmp_path).add(good).path.read_bytes() == data
    bad = BytesBlob(data[:-1] + b"y", BytesBlob.of(data + b"other").digest)
    with pytest.raises(InvalidImage, match="the digest is"):
        BlobStore(tmp_path).add(bad)
    assert not BlobStore(tmp_path).path_of(bad.digest).exists()
    assert not hashing_threads()


def test_stopping_early_leaves_no_thread():
    data = b"x" * (2 * WORTH_A_THREAD)
    blocks = verify_blocks(blocks_of(data), Digest.of(data), len(data), "blob")
    next(blocks)
    assert hashing_threads()
    blocks.close()  # type: ignore[attr-defined]
    assert not hashing_threads()


def test_a_source_that_breaks_off_leaves_no_thread():
    def breaking() -> Iterator[bytes]:
        yield b"x" * 1000
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(verify_blocks(breaking(), Digest.of(b""), WORTH_A_THREAD, "blob"))
    assert not hashing_threads()
