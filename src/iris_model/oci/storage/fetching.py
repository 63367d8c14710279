"""Fetch the layers of an image into a store, several at once, verified on the way. Existing ones are not fetched.

Call it only if the bytes are needed. A push to a registry that has the layers does not need them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from iris_model.oci.blob_store import BlobStore
from iris_model.oci.blobs import FileBlob, verified
from iris_model.oci.images import Image
from iris_model.oci.layers import Layer
from iris_model.oci.progress import Progress, Reporter, one_at_a_time, silent


class _Stopped(Exception):
    """Another layer failed, so this one is not needed."""


def fetch_layers(image: Image, store: BlobStore, *, jobs: int = 4, report: Reporter = silent) -> Image:
    """Return the same image with all its layers in the store."""
    stopped, told = threading.Event(), one_at_a_time(report)
    layers = {layer.digest: layer for layer in image.layers}

    def fetch(layer: Layer) -> FileBlob:
        try:
            return _fetch(layer, store, told, stopped)
        except BaseException:
            stopped.set()
            raise

    with ThreadPoolExecutor(max(1, min(jobs, len(layers)))) as pool:
        futures = {digest: pool.submit(fetch, layer) for digest, layer in layers.items()}
    failures = [failure for future in futures.values() if (failure := future.exception()) is not None]
    for failure in failures:
        if not isinstance(failure, _Stopped):
            raise failure
    return replace(image, layers=tuple(replace(layer, blob=futures[layer.digest].result()) for layer in image.layers))


def _fetch(layer: Layer, store: BlobStore, report: Reporter, stopped: threading.Event) -> FileBlob:
    there = store.find(layer.digest, layer.size)
    if there is not None:
        report(Progress(layer.digest, layer.size, layer.size, "present"))
        return there
    report(Progress(layer.digest, 0, layer.size, "waiting"))
    with verified(layer.blob, f"layer {layer.digest}") as blocks:
        blob = store.add_blocks(_counted(blocks, layer, report, stopped), layer.digest, layer.size)
    report(Progress(layer.digest, layer.size, layer.size, "downloaded"))
    return blob


def _counted(blocks: Iterator[bytes], layer: Layer, report: Reporter, stopped: threading.Event) -> Iterator[bytes]:
    done = 0
    for block in blocks:
        if stopped.is_set():
            raise _Stopped
        yield block
        done += len(block)
        report(Progress(layer.digest, done, layer.size, "moving"))
