"""Garbage collection: rare in a command, normal in `serve`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

IRIS = Path(__file__).parents[2] / "examples/iris"

COUNT = """
import gc, sys
found = []
gc.callbacks.append(lambda phase, details: found.append(phase))
{}
print(len(found), file=sys.stderr)
"""


def collections_of(program: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", COUNT.format(program), str(IRIS / "iris_trained_model.pkl")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return int(done.stderr.splitlines()[-1])


@pytest.mark.slow
def test_a_command_does_not_look_for_garbage_while_a_library_is_imported(tmp_path: Path):
    command = (
        f"sys.argv = ['iris-model', 'compile', sys.argv[1], '-o', {str(tmp_path / 'model.safetensors')!r}]\n"
        "from iris_model.cli import main\n"
        "found.clear()\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code"
    )
    assert collections_of("import iris_model.compiler") > 50, "what it is compared with, and a library has far more"
    assert collections_of(command) == 0


def test_garbage_collection_of_serve_is_normal_and_keeps_imports():
    program = (
        "import gc; usual = gc.get_threshold(); kept = [[] for _ in range(1000)]\n"
        "from iris_model.cli.garbage import collect_as_usual, collect_seldom\n"
        "collect_seldom(); assert gc.get_threshold() != usual\n"
        "collect_as_usual(); assert gc.get_threshold() == usual; assert gc.get_freeze_count() > 1000\n"
        "class Node: pass\n"
        "import weakref; node = Node(); node.itself = node; seen = weakref.ref(node); del node\n"
        "more = [[] for _ in range(100_000)]; assert seen() is None, 'a cycle is found'"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
