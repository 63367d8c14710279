"""Push an image to a registry: layers in parallel, then the config, then the manifest.

Until the manifest is stored, the tag names the old image. A base layer that the registry has, or can mount from another
repository, is never opened.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from contextlib import suppress
from dataclasses import dataclass

from iris_model.errors import InvalidImage, IrisModelError, RegistryError
from iris_model.oci.blobs import Blob
from iris_model.oci.digests import Digest
from iris_model.oci.images import Image
from iris_model.oci.media_types import is_foreign
from iris_model.oci.progress import Reporter, one_at_a_time, silent
from iris_model.oci.references import Reference, Repository
from iris_model.oci.registry.client import RegistryClient
from iris_model.oci.registry.failures import with_note
from iris_model.oci.registry.uploads import MOUNTED, PRESENT, UPLOADED, Cancelled, Upload, UploadSettings

# Seconds to wait until blobs in progress stop after another one failed.
_PATIENCE = 2.0


@dataclass(frozen=True)
class PushReport:
    """The result of a push."""

    reference: Reference
    """The reference, with the digest of the manifest."""

    unchanged: bool
    """Whether the tag already named this image, so that nothing was sent."""

    uploaded: tuple[Digest, ...] = ()
    mounted: tuple[Digest, ...] = ()
    present: tuple[Digest, ...] = ()
    bytes_sent: int = 0
    """Bytes of blobs and the manifest. Bytes that were sent again are not counted."""


def push(
    client: RegistryClient,
    image: Image,
    reference: Reference,
    *,
    jobs: int = 4,
    report: Reporter = silent,
    settings: UploadSettings | None = None,
    mount_from: Sequence[str] = (),
) -> PushReport:
    """Push an image under the tag of `reference` (its digest, if it has no tag).

    `mount_from`: repositories of the same registry that may have the blobs. A blob that was pulled from this registry
    is mounted from its own repository instead.
    """
    manifest = image.manifest
    if reference.digest is not None and reference.digest != manifest.digest:
        raise InvalidImage(
            f"push {reference}: the reference has another digest than the image, {manifest.digest}",
            remedy="Omit the digest in the reference.",
        )
    pinned = reference.with_digest(manifest.digest)
    version = reference.tag or str(manifest.digest)
    there = client.find_manifest(reference.repository, version)
    if there is not None and there.digest == manifest.digest:
        return PushReport(pinned, unchanged=True)
    still = f"{reference} still refers to {there.digest}." if there else f"{reference} was not created."
    run = _Push(client, reference, one_at_a_time(report), settings or UploadSettings(), tuple(mount_from))
    try:
        layers = {layer.digest: layer.blob for layer in image.layers if not is_foreign(layer.descriptor.media_type)}
        outcomes = {**run.bring(list(layers.values()), jobs), **run.bring([image.config_blob], 1)}
    except IrisModelError as failure:
        raise with_note(failure, f"Nothing was tagged: {still}") from failure
    except KeyboardInterrupt as interrupted:
        interrupted.add_note(f"Interrupted. Nothing was tagged: {still}")
        raise
    _put_manifest(client, image, reference, version, still)
    by_state = {
        state: tuple(each for each in outcomes if outcomes[each] == state) for state in (UPLOADED, MOUNTED, PRESENT)
    }
    sizes = {**{layer.digest: layer.size for layer in image.layers}, image.config_blob.digest: len(image.config.data)}
    sent = sum(sizes[digest] for digest in by_state[UPLOADED]) + len(manifest.data)
    return PushReport(pinned, False, by_state[UPLOADED], by_state[MOUNTED], by_state[PRESENT], sent)


@dataclass(frozen=True)
class _Push:
    client: RegistryClient
    reference: Reference
    report: Reporter
    settings: UploadSettings
    mount_from: tuple[str, ...]

    def bring(self, blobs: Sequence[Blob], jobs: int) -> dict[Digest, str]:
        """Upload all blobs, `jobs` at a time. The first failure stops the others, and is raised."""
        cancelled = threading.Event()
        futures: dict[Future[str], Blob] = {Future(): blob for blob in blobs}
        waiting = deque(futures)

        def work() -> None:
            while waiting:
                with suppress(IndexError):  # another thread was faster
                    future = waiting.popleft()
                    try:
                        future.set_result(self._one(futures[future], cancelled))
                    except BaseException as failure:
                        future.set_exception(failure)

        for _ in range(min(jobs, len(blobs))):
            # A thread pool is not used: at exit it would wait for its threads, which may wait for a registry that does
            # not respond, or sleep between retries. Ctrl-C must not wait for them.
            threading.Thread(target=work, daemon=True).start()
        try:
            return {futures[done].digest: state for done, state in _results(list(futures), cancelled)}
        except BaseException:
            cancelled.set()
            raise

    def _one(self, blob: Blob, cancelled: threading.Event) -> str:
        try:
            upload = Upload(
                self.client,
                self.reference.repository,
                blob,
                self.report,
                self.settings,
                self._sister_of(blob),
                cancelled,
            )
            return upload.run()
        except BaseException:
            cancelled.set()
            raise

    def _sister_of(self, blob: Blob) -> str:
        """Return another repository of this registry that has the blob, from the blob's own `repository`."""
        here, origin = self.reference.repository, getattr(blob, "repository", None)
        if isinstance(origin, Repository) and origin.registry == here.registry:
            return origin.name if origin.name != here.name else ""
        return next((name for name in self.mount_from if name != here.name), "")


def _results(futures: list[Future[str]], cancelled: threading.Event) -> list[tuple[Future[str], str]]:
    wait(futures, return_when=FIRST_EXCEPTION)
    if cancelled.is_set():
        wait(futures, timeout=_PATIENCE)
    failures = [failure for future in futures if future.done() and (failure := future.exception()) is not None]
    for failure in failures:
        if not isinstance(failure, Cancelled):
            raise failure
    return [(future, future.result()) for future in futures]


def _put_manifest(client: RegistryClient, image: Image, reference: Reference, version: str, still: str) -> None:
    manifest = image.manifest
    try:
        client.put_manifest(reference.repository, version, manifest.media_type, manifest.data)
    except RegistryError as failure:
        # The response may have been lost after the manifest was stored.
        try:
            now = client.find_manifest(reference.repository, version)
        except RegistryError:
            note = f"All blobs are there; it is not known whether {reference} refers to the new image."
            raise with_note(failure, note) from failure
        if now is None or now.digest != manifest.digest:
            names = still if now is None or str(now.digest) in still else f"{reference} now refers to {now.digest}."
            raise with_note(failure, f"All blobs were sent, but not the manifest: {names}") from failure
