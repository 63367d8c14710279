"""Files of killed builds are removed later."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from iris_model.image.leftovers import remove_leftovers

KILLED = {
    "a layer": "from iris_model.oci import BlobStore\nwith BlobStore(work / 'layers').writer() as file: {end}",
    "a base layer": (
        "from iris_model.oci.writing import atomic_file\n"
        "with atomic_file(cache / 'blobs' / 'sha256' / ('0' * 64)) as file: {end}"
    ),
    "a function directory": (
        "from iris_model.project.packaging.function_directory import write_function_directory\n"
        "write_function_directory(work / 'functions' / 'python3.13-x86_64', {{}}, {{}}, compiler=None, fill=lambda to: {end})"
    ),
    "a layout": "from iris_model.oci.writing import atomic_directory\nwith atomic_directory(work / 'image') as to: {end}",
}


@pytest.mark.parametrize("what", KILLED)
def test_old_leftovers_are_removed_and_recent_ones_are_kept(tmp_path: Path, what: str) -> None:
    work, cache = tmp_path / "work", tmp_path / "cache"
    program = KILLED[what].format(end="os.kill(os.getpid(), 9)")
    command = f"import os, pathlib, sys\nwork, cache = map(pathlib.Path, sys.argv[1:])\n{program}"
    killed = subprocess.run([sys.executable, "-c", command, str(work), str(cache)], timeout=60)
    assert killed.returncode == -9
    (left,) = [path for path in tmp_path.rglob(".*") if path.name.startswith(".")]
    remove_leftovers(work, cache)
    assert left.exists()
    os.utime(left, (time.time() - 90_000,) * 2)
    remove_leftovers(work, cache)
    assert not left.exists()
    assert left.parent.is_dir()
