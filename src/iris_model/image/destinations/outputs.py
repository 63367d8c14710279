"""Write an image on this machine: OCI layout, Docker archive, Docker Engine. The same image is not written again."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path

from iris_model.errors import ImageError
from iris_model.image.docker_engine import find_id, run_docker
from iris_model.oci import OCI, Image, Reference, write_archive, write_layout
from iris_model.oci.storage.archives import familiar_name
from iris_model.oci.storage.layouts import REF_NAME, image_blobs
from iris_model.oci.writing import atomic_file


def put_layout(image: Image, path: Path, name: str) -> bool:
    """Write the image to a layout under a name. Return False if the layout already contains it.

    A layout has OCI media types, so the image's digest differs from the one with Docker's media types.
    """
    image = image.with_family(OCI)
    if _layout_has(image, path, name):
        return False
    write_layout(image, path, name=name)
    return True


def _layout_has(image: Image, path: Path, name: str) -> bool:
    with suppress(OSError, ValueError, KeyError):
        index = json.loads((path / "index.json").read_bytes())
        digests = {each["digest"] for each in index["manifests"] if each.get("annotations", {}).get(REF_NAME) == name}
        return digests == {str(image.digest)} and all(
            (path / "blobs" / digest.algorithm / digest.hex).stat().st_size == blob.size
            for digest, blob in image_blobs(image).items()
        )
    return False


def remove_unnamed_blobs(path: Path) -> None:
    """Remove blobs that no entry of the layout uses. Otherwise every new model would leave its old layer."""
    with suppress(OSError, ValueError, KeyError):
        kept: set[str] = set()
        for entry in json.loads((path / "index.json").read_bytes())["manifests"]:
            kept.add(entry["digest"])
            manifest = json.loads((path / "blobs" / entry["digest"].replace(":", "/")).read_bytes())
            kept |= {manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])}
        for blob in (path / "blobs" / "sha256").iterdir():
            if f"sha256:{blob.name}" not in kept and not blob.name.startswith("."):
                blob.unlink()


def put_archive(image: Image, path: Path, reference: Reference, memory: Path) -> bool:
    """Write the image for `docker load`. Return False if the file already contains this image.

    `memory` is a file that records the image in the archive. Otherwise the whole archive would have to be read.
    """
    key, known = str(path.resolve()), _read(memory)
    expected = f"{image.digest} {familiar_name(reference)}"
    with suppress(OSError):
        status = path.stat()
        if known.get(key) == [expected, status.st_size, status.st_mtime_ns]:
            return False
    write_archive(image, path, names=(reference,))
    status = path.stat()
    with atomic_file(memory) as file:
        file.write(json.dumps({**known, key: [expected, status.st_size, status.st_mtime_ns]}).encode())
    return True


def load(image: Image, reference: Reference) -> bool:
    """Load the image into Docker Engine. Return False if the Engine already has it under that name."""
    name = familiar_name(reference)
    # Docker identifies an image by its config. With containerd's store it uses the manifest.
    if find_id(name) in (str(image.config_blob.digest), str(image.digest)):
        return False
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "image.tar"
        write_archive(image, archive, names=(reference,))
        loaded = run_docker("load", "--quiet", "--input", str(archive))
    if loaded.returncode:
        raise ImageError(
            f"docker load failed: {loaded.stderr.strip()[-500:]}",
            remedy="Check that Docker is running (`docker version`), and that its disk has free space.",
        )
    return True


def _read(memory: Path) -> dict[str, object]:
    with suppress(OSError, ValueError):
        document = json.loads(memory.read_bytes())
        if isinstance(document, dict):
            return document
    return {}
