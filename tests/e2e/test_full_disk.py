"""A really full disk and a really read-only directory: one error message, and the old image is kept."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from iris_model.errors import StorageError
from iris_model.oci import OCI, BlobStore, read_image, read_layout, validate, write_archive, write_layout
from tests.oci.samples import sample_image
from tests.support.requirement import Missing, require

pytestmark = pytest.mark.e2e


def _root() -> None:
    if os.geteuid() != 0:
        raise Missing("a small disk can be mounted by root only")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    require(_root)
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True, text=True)
    if done.returncode:
        require(lambda: _cannot(done.stderr))
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def _cannot(why: str) -> None:
    raise Missing(f"no small disk can be mounted: {why.strip()}")


def test_a_full_disk(small_disk: Path) -> None:
    old, new = sample_image(b"old", family=OCI), sample_image(os.urandom(400_000), family=OCI)
    write_archive(old, small_disk / "image.tar")
    write_layout(old, small_disk / "layout", name="1")
    for write in (
        lambda: write_archive(new, small_disk / "image.tar"),
        lambda: write_layout(new, small_disk / "layout", name="1"),
        lambda: write_layout(new, small_disk / "another"),
        lambda: BlobStore(small_disk).add(new.layers[0].blob),
    ):
        with pytest.raises(StorageError, match="cannot be written: No space left on device") as caught:
            write()
        assert "Free some space" in caught.value.remedy
    assert read_image(small_disk / "image.tar").digest == old.digest
    assert validate(read_layout(small_disk / "layout")) == []
    assert read_layout(small_disk / "layout").digest == old.digest
    assert not (small_disk / "another").exists()


NOBODY = """
import os, sys
from pathlib import Path
from iris_model.errors import StorageError
from iris_model.oci import read_image, write_archive, write_layout
from tests.oci.samples import sample_image
os.setgid(65534); os.setuid(65534)
target = Path(sys.argv[1])
for act in (
    lambda: write_archive(sample_image(), target / "a.tar"),
    lambda: write_layout(sample_image(), target / "layout"),
    lambda: read_image(target / "secret.tar"),
):
    try:
        act()
    except StorageError as failure:
        print(failure.problem.partition(": ")[2], "|", failure.remedy)
"""


def test_a_directory_without_permission(tmp_path: Path) -> None:
    require(_root)
    for parent in (tmp_path, *tmp_path.parents):
        if parent.owner() == "root" and parent.is_relative_to("/tmp") and parent != Path("/tmp"):
            parent.chmod(0o755)
    write_archive(sample_image(), tmp_path / "secret.tar")
    (tmp_path / "secret.tar").chmod(0o600)
    done = subprocess.run([sys.executable, "-c", NOBODY, tmp_path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert (
        lines[:2] == ["cannot be written: Permission denied | Choose a writable directory, or fix its permissions."] * 2
    )
    assert lines[2].startswith("cannot be read: Permission denied")


@pytest.mark.parametrize("what", ["project", "cache", "layout", "image.tar"])
def test_a_build_on_a_full_disk(what: str, small_disk: Path, tmp_path: Path) -> None:
    """Wherever the disk is full, `build` names the place and leaves no incomplete image; with space it then succeeds."""
    from tests.support.base_images import base_image
    from tests.support.registry_fake import FakeRegistry, running

    places = {"cache": tmp_path / "cache", what: small_disk / what}
    program = [sys.executable, "-m", "iris_model.cli"]
    environment = {**os.environ, "IRIS_MODEL_CACHE": str(places["cache"]), "DOCKER_CONFIG": str(tmp_path)}
    subprocess.run([*program, "init", str(tmp_path / "flowers")], check=True, capture_output=True)
    if what == "project":
        # The wheel is for `docker build` alone, and would not leave space for the project itself.
        shutil.copytree(tmp_path / "flowers", places["project"], ignore=shutil.ignore_patterns("*.whl"))
    else:
        places["project"] = tmp_path / "flowers"
    with running(FakeRegistry()) as registry:
        base = f"{registry.host}/python:3.11"
        write_layout(base_image(), tmp_path / "base")
        subprocess.run(
            [*program, "push", str(tmp_path / "base"), base], check=True, capture_output=True, env=environment
        )
        command = [*program, "build", str(places["project"]), "--base", base]
        if what in ("layout", "image.tar"):
            command += ["-o", str(places[what])]

        def run() -> subprocess.CompletedProcess[str]:
            return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)

        full = run()
        assert full.returncode == 1
        assert str(small_disk) in full.stderr
        assert "No space left on device" in full.stderr
        assert "Check the free space" in full.stderr or "Free some space" in full.stderr
        assert "Traceback" not in full.stderr and "a bug in iris-model" not in full.stderr
        assert not (places["project"] / ".iris-model" / "image").exists()
        assert what not in ("layout", "image.tar") or not places[what].exists()
        subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
        done = run()
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["init", "package"])
def test_a_project_on_a_full_disk(command: str, small_disk: Path, tmp_path: Path) -> None:
    """`init` leaves the directory unchanged, `package` the old function. Neither reports a bug."""
    project, target = tmp_path / "flowers", small_disk / "target"
    (small_disk / "filling").write_bytes(bytes(150_000))
    program = [sys.executable, "-m", "iris_model.cli"]
    subprocess.run([*program, "init", str(project)], check=True, capture_output=True)
    arguments = {"init": ["init", str(target)], "package": ["package", str(project), "-o", str(target)]}[command]
    done = subprocess.run([*program, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"error: {small_disk}" in done.stderr
    assert "No space left on device" in done.stderr
    assert "Check the free space" in done.stderr
    assert "a bug in iris-model" not in done.stderr
    assert [path.name for path in small_disk.iterdir()] == ["filling"]


def _fill(disk: Path) -> None:
    with (disk / "filling").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


@pytest.mark.parametrize("command", ["compile", "openapi", "cost"])
def test_an_output_on_a_full_disk(command: str, small_disk: Path, tmp_path: Path) -> None:
    """The output names the full disk; the old files stay, and there are no others."""
    project, model = tmp_path / "flowers", tmp_path / "flowers" / "iris_trained_model.pkl"
    program = [sys.executable, "-m", "iris_model.cli"]
    subprocess.run([*program, "init", str(project)], check=True, capture_output=True)
    output = small_disk / "output.svg"
    output.write_bytes(b"old")
    _fill(small_disk)
    arguments = {
        "compile": ["compile", str(model), "-o", str(output)],
        "openapi": ["openapi", str(project), "-o", str(output)],
        "cost": ["cost", str(project), "--plot", str(output)],
    }[command]
    done = subprocess.run([*program, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert f"error: {output} cannot be written: No space left on device\nhint: Free some space" in done.stderr
    assert "Traceback" not in done.stderr and "a bug in iris-model" not in done.stderr
    assert output.read_bytes() == b"old"
    assert sorted(path.name for path in small_disk.iterdir()) == ["filling", "output.svg"]


def test_standard_output_on_a_full_disk(tmp_path: Path) -> None:
    """`iris-model inspect MODEL > /dev/full`: one sentence and exit code 1, not a traceback at the end."""
    model = Path(__file__).parents[2] / "examples" / "iris" / "iris_trained_model.pkl"
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "iris_model.cli", "inspect", str(model)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr and "a bug in iris-model" not in done.stderr


@pytest.mark.parametrize("name", ["output.csv", "output.jsonl"])
@pytest.mark.parametrize("errors", ["fail", "file"])
def test_predict_on_a_full_disk(name: str, errors: str, small_disk: Path, tmp_path: Path) -> None:
    """The output is named, the old files stay, and there is no partial file that no later run could use."""
    model = Path(__file__).parents[2] / "examples" / "iris" / "iris_trained_model.pkl"
    program = [sys.executable, "-m", "iris_model.cli"]
    compiled, rows, output = tmp_path / "m.safetensors", tmp_path / "rows.csv", small_disk / name
    subprocess.run([*program, "compile", str(model), "-o", str(compiled)], check=True, capture_output=True)
    wrong = "5.1,3.5,1.4,none\n" if errors == "file" else ""
    rows.write_text("5.1,3.5,1.4,0.2\n" * 40_000 + wrong)
    output.write_bytes(b"old")
    command = [*program, "predict", str(compiled), str(rows), "-o", str(output), "--errors", errors]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert f"error: {output} cannot be written: No space left on device\nhint: Free some space" in done.stderr
    assert "Traceback" not in done.stderr and "a bug in iris-model" not in done.stderr
    assert output.read_bytes() == b"old"
    assert [path.name for path in small_disk.iterdir()] == [name]


def test_tune_push_and_serve_on_a_full_disk(small_disk: Path, tmp_path: Path) -> None:
    """`tune` reports that there is no space for its plot; `push` and `serve` need none, not even for temporary files."""
    from tests.support.base_images import base_image
    from tests.support.registry_fake import FakeRegistry, running

    project, plot = tmp_path / "flowers", small_disk / "plot.svg"
    program = [sys.executable, "-m", "iris_model.cli"]
    subprocess.run([*program, "init", str(project)], check=True, capture_output=True)
    subprocess.run([*program, "package", str(project)], check=True, capture_output=True)
    write_layout(base_image(), tmp_path / "base")
    _fill(small_disk)
    environment = {
        **os.environ, "TMPDIR": str(small_disk), "IRIS_MODEL_CACHE": str(small_disk / "cache"), "DOCKER_CONFIG": str(tmp_path),
    }  # fmt: skip
    command = [*program, "tune", str(project), "--sizes", "1769", "--invocations", "3", "--plot", str(plot)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert f"error: {plot} cannot be written: No space left on device" in done.stderr
    with running(FakeRegistry()) as registry:
        command = [*program, "push", str(tmp_path / "base"), f"{registry.host}/python:3.11", "--force"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
        assert done.returncode == 0, done.stderr
    command = [*program, "serve", str(project), "--port", "0", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as service:
        try:
            assert service.stdout is not None
            addresses = json.loads(service.stdout.readline())
            request = urllib.request.Request(addresses["function"], b"[5.1,3.5,1.4,0.2]")
            with urllib.request.urlopen(request, timeout=60) as answer:
                assert json.load(answer)["prediction"] == "setosa"
        finally:
            service.terminate()
    assert [path.name for path in small_disk.iterdir()] == ["filling"]
