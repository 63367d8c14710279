"""The base images of the container tests.

AWS's own where it can be pulled, else a stand-in: Debian with the Python of that tag (trixie has 3.13, bookworm 3.11),
the emulator and awslambdaric, laid out as AWS lays them out (`docker_lambda_base/`). It bears AWS's tag, so that
`docker build .` finds it without a registry; a label marks it as a stand-in.

Containers get this machine's certificates in a separate build image only: it stands for the one that a company behind a
proxy names in `--build-arg BUILD_IMAGE`, and no byte of it may reach the result.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.support.docker_engine import build, docker, engine, image_exists, one_at_a_time
from tests.support.requirement import Missing
from tests.support.rie_binary import rie_binary

LAYOUT = Path(__file__).parent / "docker_lambda_base"
SUITES = {"3.13": "trixie", "3.11": "bookworm"}
"""Which Debian release has which Python."""

PACKAGES = "python3,python3-pip,ca-certificates"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def lambda_base(python: str) -> str:
    """The image `public.ecr.aws/lambda/python:3.x`, pulled, or made here."""
    engine()
    reference = f"public.ecr.aws/lambda/python:{python}"
    with one_at_a_time():
        if not image_exists(reference) and docker("pull", "--quiet", reference, check=False, timeout=600).returncode:
            _make_stand_in(reference, python)
    return reference


def provided_base() -> str:
    """The image `public.ecr.aws/lambda/provided:al2023`, pulled, or the stand-in for Python under its name.

    The emulator of AWS puts the function's own `bootstrap` where the stand-in has that of Python.
    """
    reference = "public.ecr.aws/lambda/provided:al2023"
    stand_in = lambda_base("3.13")
    with one_at_a_time():
        if not image_exists(reference) and docker("pull", "--quiet", reference, check=False, timeout=600).returncode:
            docker("tag", stand_in, reference)
    return reference


def plain_base(python: str) -> str:
    """Debian with Python and nothing of Lambda: what people mean by a slim image."""
    engine()
    with one_at_a_time():
        return _debian(python)


def _debian(python: str) -> str:
    reference = f"iris-model-test/debian-python:{python}"
    if not image_exists(reference):
        _import_debian(reference, SUITES[python])
    return reference


@cache
def build_image(base: str) -> str:
    """The base with this machine's certificates and package index, for the first stage only."""
    reference = f"iris-model-test/build:{base.rpartition(':')[2]}"
    with tempfile.TemporaryDirectory() as scratch:
        context = Path(scratch)
        shutil.copy(CERTIFICATES, context / "ca-certificates.crt")
        (context / "pip.conf").write_text(_pip_configuration())
        (context / "Dockerfile").write_text(
            f"FROM {base}\n"
            f"COPY ca-certificates.crt {CERTIFICATES}\n"
            "COPY pip.conf /etc/pip.conf\n"
            f"ENV SSL_CERT_FILE={CERTIFICATES}\n"
        )
        build(reference, context)
    return reference


def _pip_configuration() -> str:
    index = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True
    )
    lines = ["[global]", f"cert = {CERTIFICATES}"]
    if index.returncode == 0:
        lines.append(f"index-url = {index.stdout.strip()}")
    return "\n".join(lines) + "\n"


def _make_stand_in(reference: str, python: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        context = Path(scratch)
        shutil.copytree(LAYOUT, context, dirs_exist_ok=True)
        shutil.copy(rie_binary(), context / "aws-lambda-rie")
        _download_awslambdaric(python, context / "runtime")
        docker(
            "build",
            *("--build-arg", f"DEBIAN={_debian(python)}", "--label", "iris-model.stand-in=true"),
            *("--tag", reference, str(context)),
            timeout=300,
        )


def _download_awslambdaric(python: str, target: Path) -> None:
    arguments = ["--quiet", "--target", str(target), "--python-version", python, "--only-binary", ":all:"]
    command = [sys.executable, "-m", "pip", "install", *arguments, "awslambdaric>=4.2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise Missing(f"pip cannot fetch awslambdaric for Python {python}: {done.stderr.strip()[-300:]}")


def _import_debian(reference: str, suite: str) -> None:
    if shutil.which("mmdebstrap") is None:
        raise Missing("the base image cannot be pulled, and there is no mmdebstrap to make a stand-in with")
    with tempfile.TemporaryDirectory() as scratch:
        archive = str(Path(scratch) / "root.tar")
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", suite, archive]
        made = subprocess.run(command, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
        if made.returncode:
            raise Missing(f"mmdebstrap cannot make Debian {suite}: {made.stderr.strip()[-500:]}")
        docker("import", "--change", 'CMD ["python3"]', archive, reference, timeout=300)
