"""The modules of the page that need no browser, tested by `node --test`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.support.requirement import Missing, require

TESTS = Path(__file__).parent / "page"


def find_node() -> str:
    """Node 20.10 or newer; the page's files are modules without a package.json of their own."""
    found = shutil.which("node")
    if found is None:
        raise Missing("there is no Node.js: apt-get install nodejs")
    version = subprocess.run([found, "--version"], capture_output=True, check=True, text=True).stdout.strip()
    if tuple(map(int, version.removeprefix("v").split(".")[:2])) < (20, 10):
        raise Missing(f"Node.js is {version}; the tests need 20.10")
    return found


def test_pure_modules() -> None:
    tests = sorted(map(str, TESTS.glob("*.test.js")))
    assert tests
    command = [require(find_node), "--experimental-default-type=module", "--test", *tests]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
