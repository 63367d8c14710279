"""Docker Engine on this machine, through the `docker` command."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from iris_model.errors import ImageError

_SECONDS = 1800


def run_docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `docker`; the caller checks the exit code. Raises ImageError if there is no such command, or at a timeout."""
    try:
        return subprocess.run(
            ["docker", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise ImageError(
            "no docker command was found",
            remedy="Install Docker Engine, or write an archive for another machine: iris-model build -o image.tar",
        ) from None
    except subprocess.TimeoutExpired:
        raise ImageError(f"docker did not answer within {_SECONDS} s", remedy="Check Docker's log.") from None


def find_id(name: str) -> str:
    """Return the ID of the image with this name in Docker Engine; "" without such an image or without Docker Engine."""
    if shutil.which("docker") is None:
        return ""
    found = run_docker("image", "inspect", "--format", "{{.Id}}", name)
    return found.stdout.strip() if found.returncode == 0 else ""


def save(name: str, archive: Path) -> None:
    """Write the image to an archive, with `docker save`. Raises ImageError."""
    saved = run_docker("save", "--output", str(archive), name)
    if saved.returncode:
        raise ImageError(
            f"docker save {name} failed: {saved.stderr.strip()[-500:]}",
            remedy="Check that Docker is running (`docker version`), and that the disk for temporary files has free space.",
        )
