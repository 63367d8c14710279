"""Where an image goes on this machine: an OCI layout, a Docker archive, Docker Engine. What is there already is left alone."""

from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from iris_model.errors import ImageError
from iris_model.oci import OCI, Image, Reference, write_archive, write_layout
from iris_model.oci.archives import familiar_name
from iris_model.oci.layouts import REF_NAME, image_blobs
from iris_model.oci.writing import atomic_file

_DOCKER_SECONDS = 1800


def put_layout(image: Image, path: Path, name: str) -> bool:
    """Write the image to a layout under a name; False if it is there already. A layout speaks OCI's words, and in them the
    image has another digest than in Docker's."""
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
    """Remove what no entry of a layout of ours names any more: every new model would leave its old layer."""
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
    """Write the image for `docker load`; False if the file is the one that was written for this very image.

    `memory` is where is kept which file that was; an archive says nothing of its image before it is read whole.
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
    """Load the image into Docker Engine; False if it has it under that name already."""
    name = familiar_name(reference)
    there = _docker("image", "inspect", "--format", "{{.Id}}", name)
    # Docker calls an image by its config; one with containerd's store by its manifest.
    if there.returncode == 0 and there.stdout.strip() in (str(image.config_blob.digest), str(image.digest)):
        return False
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "image.tar"
        write_archive(image, archive, names=(reference,))
        loaded = _docker("load", "--quiet", "--input", str(archive))
    if loaded.returncode:
        raise ImageError(
            f"docker load failed: {loaded.stderr.strip()[-500:]}",
            remedy="Is Docker running (docker version), and is there room on its disk?",
        )
    return True


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["docker", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_DOCKER_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise ImageError(
            "--load: there is no docker command here",
            remedy="Install Docker Engine, or write a file that another machine can load: -o archive image.tar",
        ) from None
    except subprocess.TimeoutExpired:
        raise ImageError(f"docker did not answer within {_DOCKER_SECONDS} s", remedy="Look at Docker's log.") from None


def _read(memory: Path) -> dict[str, object]:
    with suppress(OSError, ValueError):
        document = json.loads(memory.read_bytes())
        if isinstance(document, dict):
            return document
    return {}
