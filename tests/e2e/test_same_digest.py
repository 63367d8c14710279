"""The same entries are the same layer under another Python and another zlib: compared with containers that have them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.docker_base import plain_base
from tests.support.docker_engine import docker
from tests.support.requirement import require
from tests.support.rie_binary import REPOSITORY

pytestmark = pytest.mark.e2e

SCRIPT = """
from iris_model.oci import build_layer, file_entry, link_entry
text = b"".join(b"%d line of text %d\\n" % (number, number * number % 977) for number in range(20000))
entries = [file_entry("var/task/" + "d/" * 60 + "long", text), file_entry("opt/\\u00e9", b"x"), link_entry("opt/link", "\\u00e9")]
for level in (0, 1, 6, 9):
    layer = build_layer(entries, level=level)
    print(level, layer.diff_id, layer.digest, layer.size)
"""


@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_layers_are_the_same_everywhere(python: str) -> None:
    base = require(lambda: plain_base(python))
    here = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60)
    mounts = ["--volume", f"{REPOSITORY}/src:/src:ro", "--env", "PYTHONPATH=/src", "--env", "PYTHONDONTWRITEBYTECODE=1"]
    there = docker("run", "--rm", "--network", "none", *mounts, base, "python3", "-c", SCRIPT)
    assert there.stdout == here.stdout
    assert len(set(here.stdout.split())) == 4 + 1 + 4 + 4  # levels, one diff_id, digests, sizes
