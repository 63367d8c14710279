"""Open the base image: from a registry, pinned by the lock and cached; or from a layout or archive on disk.

Only manifest and config are downloaded. A layer is downloaded into the cache when it is opened. A push does not open a
layer that the registry already has.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from iris_model.contract.native_function import SCRATCH
from iris_model.errors import (
    ImageError,
    InvalidImage,
    ManifestNotFound,
    PlatformNotFound,
    RegistryError,
    RepositoryNotFound,
)
from iris_model.image.bases.base_files import BaseFacts, read_base_files
from iris_model.image.bases.cache import Cache, CachedBlob
from iris_model.image.bases.connecting import Connect, DistantBlob, connect_registry
from iris_model.image.lock import LOCK_FILE, Lock
from iris_model.image.target import Libc, architecture_of, image_platform
from iris_model.oci import (
    DOCKER,
    BytesBlob,
    Config,
    Descriptor,
    Digest,
    Image,
    Layer,
    Manifest,
    Platform,
    Reference,
    read_image,
)
from iris_model.oci.images import image_layers
from iris_model.oci.layers import gzip_layer

OnStep = Callable[[str], None]

# Two sources of Python's version that do not open the base: the variable of Docker's `python` images, and the name of
# AWS's images.
_PYTHON_VARIABLE = re.compile(r"(3\.\d+)\.")
_AWS_NAME = re.compile(r"lambda/python:(3\.\d+)(?:[-.][\w.-]*)?$")

_NO_FILES = BaseFacts(
    python="", python_path="", python_on_path=False, libc=Libc("none", 0), libraries={}, uncompressed_bytes=0
)

_SUCH_AS = "The AWS base image is public.ecr.aws/lambda/python:3.13."


@dataclass(frozen=True)
class Base:
    """A base image and its facts."""

    name: str
    """As the user wrote it."""

    image: Image = field(repr=False)
    architecture: str
    cache: Cache = field(repr=False)
    reference: Reference | None = None
    """The pinned reference in the registry; None for a base on disk."""

    on_step: OnStep = field(default=lambda step: None, repr=False, compare=False)

    @cached_property
    def facts(self) -> BaseFacts:
        """The facts in its files, from the cache. Reading them the first time opens every layer."""
        if not self.image.layers:
            return _NO_FILES
        known = self.cache.facts(self.image.digest)
        if known is None:
            self.on_step(f"Reading the base image {self.name}")
            known = read_base_files(self.image, self.name, self.architecture)
            self.cache.keep_facts(self.image.digest, known)
        return known

    @property
    def known_facts(self) -> BaseFacts | None:
        """`facts` if they are known without a download, else None."""
        if "facts" in vars(self) or not self.image.layers:
            return self.facts
        return self.cache.facts(self.image.digest)

    @property
    def is_here(self) -> bool:
        """Whether all its layers are on this machine, so that opening it downloads nothing."""
        return all(not isinstance(layer.blob, CachedBlob) or layer.blob.is_here for layer in self.image.layers)

    @cached_property
    def python(self) -> str:
        """The minor version of its Python, from its config if possible."""
        environment = self.image.config.environment
        if self.known_facts is None:
            # Only if PATH also finds that Python, so that `program` does not change after the base was opened.
            path = environment.get("PATH", "").split(":")
            if "/usr/local/bin" in path and (found := _PYTHON_VARIABLE.match(environment.get("PYTHON_VERSION", ""))):
                return found[1]
            named = _AWS_NAME.search(f"{self.reference.repository}:{self.reference.tag}" if self.reference else "")
            if named and "/var/lang/bin" in path:
                return named[1]
        return self.facts.python

    @property
    def program(self) -> str:
        """The command of its Python: `python3` if the image's PATH finds it, else its path."""
        facts = self.known_facts
        return "python3" if facts is None or facts.python_on_path else facts.python_path


def open_base(
    text: str,
    architecture: str,
    *,
    project: Path,
    lock: Lock,
    cache: Cache,
    connect: Connect = connect_registry,
    on_step: OnStep = lambda step: None,
) -> Base:
    """Open the base that `text` names: an existing path (relative to here or to the project), else a reference."""
    if text == SCRATCH:
        return Base(text, Image.empty(image_platform(architecture)), architecture, cache, None, on_step)
    for path in (Path(text).expanduser(), project / text):
        if _exists(path):
            return _from_disk(text, path, architecture, cache, on_step)
    if text.startswith((".", "/", "~")) or text.endswith((".tar", ".tgz")):
        raise ImageError(
            f"base {text}: no such file or directory",
            remedy=f"Pass an OCI layout, a file that `docker save` wrote, or an image reference. {_SUCH_AS}",
        )
    return _from_registry(text, architecture, lock, cache, connect, on_step)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long for a file may still be a reference
        return False


def _from_disk(text: str, path: Path, architecture: str, cache: Cache, on_step: OnStep) -> Base:
    platform = image_platform(architecture)
    on_step(f"Opening the base image {text}")
    try:
        image = read_image(path, platform=platform)
    except InvalidImage as invalid:
        raise InvalidImage(
            f"base {text}: it is not an image: {invalid.problem.removeprefix(f'{path}: ')}; expected an OCI layout or an archive",
            remedy=f"{invalid.remedy} {_SUCH_AS}".strip(),
        ) from None
    _check_platform(text, image, platform)
    layers = tuple(_compressed(layer, cache, on_step) for layer in image.layers)
    image = replace(image, layers=layers, source=None)
    if all(layer.compression == "gzip" for layer in layers):
        image = image.with_family(DOCKER)  # so that a base has the same digest in every kind of file
    return Base(text, image, architecture, cache, None, on_step)


def _compressed(layer: Layer, cache: Cache, on_step: OnStep) -> Layer:
    """Return a gzip layer, from the cache if it was compressed before."""
    if layer.compression == "gzip":
        return layer
    known = cache.compressed(layer.diff_id)
    if known is not None and (blob := cache.blobs.find(Digest.parse(known["digest"]), known["size"])):
        return Layer(Descriptor(known["media_type"], blob.digest, blob.size), layer.diff_id, blob)
    on_step("Compressing the base")
    made = gzip_layer(layer, store=cache.blobs)
    description = {"digest": str(made.digest), "size": made.size, "media_type": made.descriptor.media_type}
    cache.keep_compressed(layer.diff_id, description)
    return made


def _from_registry(text: str, architecture: str, lock: Lock, cache: Cache, connect: Connect, on_step: OnStep) -> Base:
    reference, platform = Reference.parse(text), image_platform(architecture)
    pinned = reference.digest or lock.base(text, str(platform))
    connect = functools.cache(connect)  # one client for all layers
    image = _from_cache(cache, pinned, reference, connect) if pinned else None
    if image is None:
        from iris_model.oci.registry import pull

        on_step(f"Resolving the base image {text}")
        client = connect(reference.repository.registry)
        try:
            image = pull(client, reference.with_digest(pinned) if pinned else reference, platform=platform)
        except (RepositoryNotFound, ManifestNotFound) as missing:
            raise _missing(text, reference, pinned, missing) from None
        for blob in (BytesBlob.of(image.manifest.data), image.config_blob):
            cache.blobs.add(blob)
        if reference.digest is None:
            lock.pin_base(text, str(platform), image.digest)
    _check_platform(text, image, platform)
    layers = tuple(replace(layer, blob=_cached(layer, cache)) for layer in image.layers)
    image = replace(image, layers=layers)
    return Base(text, image, architecture, cache, reference.with_digest(image.digest), on_step)


def _missing(
    text: str, reference: Reference, pinned: Digest | None, missing: RepositoryNotFound | ManifestNotFound
) -> RegistryError:
    """Return the error for a base that the registry does not have."""
    if isinstance(missing, RepositoryNotFound):
        return RepositoryNotFound(
            f"base {text}: the registry answered {missing.status}: it has no repository {reference.repository.name}",
            remedy=f"Correct the reference in --base, or in base-image of iris-model.toml. {_SUCH_AS}",
            status=missing.status,
        )
    if pinned is not None and reference.digest is None:
        return ManifestNotFound(
            f"base {text}: {LOCK_FILE} pins {pinned}, which the registry no longer has",
            remedy="Resolve the reference again: iris-model build --update",
            status=missing.status,
        )
    problem = missing.problem.removeprefix(f"pull {reference}: ")
    return ManifestNotFound(f"base {text}: {problem}", remedy=missing.remedy, status=missing.status)


def _cached(layer: Layer, cache: Cache) -> CachedBlob:
    return CachedBlob(layer.blob, cache.blobs)


def _from_cache(cache: Cache, digest: Digest, reference: Reference, connect: Connect) -> Image | None:
    """Return the cached image of a digest without network; missing layers are downloaded when opened."""
    found = cache.blobs.find_verified(digest)
    if found is None:
        return None
    with found.open() as stream:
        data = stream.read()
    what = f"base {reference}"
    if b'"manifests"' in data:
        return None  # the user pinned an index: only the registry can resolve its images
    manifest = Manifest.parse(data, what)
    config_blob = cache.blobs.find_verified(manifest.config.digest, manifest.config.size)
    if config_blob is None:
        return None
    with config_blob.open() as stream:
        config = Config(stream.read())
    layers = tuple(
        Layer(descriptor, diff_id, DistantBlob(reference.repository, descriptor, connect))
        for descriptor, diff_id in image_layers(manifest, config, what)
    )
    return Image.of_manifest(manifest, config, layers)


def _check_platform(text: str, image: Image, platform: Platform) -> None:
    if platform.preference(image.platform) is None:
        other = architecture_of(image.platform)
        switch = f", or build for {other}: --arch, or architecture in iris-model.toml"
        # Lambda does not guarantee a newer variant of the architecture.
        raise PlatformNotFound(
            f"base {text}: it is for {image.platform}, expected {platform}",
            remedy=f"Choose a base image for {platform}{'' if image.platform.architecture == platform.architecture else switch}.",
        )
