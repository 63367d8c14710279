"""A model is opened in a confined process: code in it cannot write files, use the network or read secrets."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there are limits on resources only")

# What a bypass would try. Each line is a name and its result.
PROBE = """
import json, os, socket, tempfile
from pathlib import Path
home = Path({home!r})
def attempt(act):
    try:
        return "done: " + str(act())
    except BaseException as error:
        return type(error).__name__
def probe():
    return {{
        "write": attempt(lambda: (home / "written").write_text("x")),
        "write through /proc": attempt(lambda: Path("/proc/self/root" + str(home / "written")).write_text("x")),
        "change the model": attempt(lambda: (home / "model.pkl").write_text("x")),
        "temporary": attempt(lambda: len(Path(tempfile.mkstemp()[1]).name) > 0),
        "network": attempt(lambda: socket.create_connection(("127.0.0.1", {port}), 2)),
        "name": attempt(lambda: socket.getaddrinfo("localhost", 1) and socket.socket()
                        .connect(("127.0.0.1", {port}))),
        "secret": os.environ.get("AWS_SECRET_ACCESS_KEY"),
        "secret at the start": b"hidden-value" in Path("/proc/self/environ").read_bytes(),
        "terminal": attempt(lambda: open("/dev/tty")),
        "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd"))[:3],
        "child": attempt(lambda: os.system("touch " + str(home / "written"))),
    }}
"""
RUN = """
import json, sys
from iris_model.project.compilation import confined, confinement
{before}
{probe}
begun = confined.Confined(lambda: json.dumps(probe()).encode())
try:
    print(begun.wait().decode())
    print(json.dumps(begun.held))
finally:
    begun.end()
"""
WAYS = {
    "namespaces": "",
    # Where they are not allowed, as in a container.
    "no namespaces": "confinement._enter_namespaces = lambda libc, directory: []",
}


@pytest.fixture
def listening():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("before", WAYS.values(), ids=WAYS)
def test_a_confined_process_reaches_no_secret_and_no_network(before: str, tmp_path: Path, listening: int):
    (tmp_path / "model.pkl").write_text("whole")
    program = RUN.format(before=before, probe=PROBE.format(home=str(tmp_path), port=listening))
    environment = {**os.environ, "AWS_SECRET_ACCESS_KEY": "hidden-value"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    found, held = map(json.loads, done.stdout.splitlines())
    assert not (tmp_path / "written").exists()
    assert (tmp_path / "model.pkl").read_text() == "whole"
    assert found.pop("temporary") == "done: True"
    assert found.pop("secret") is None
    assert found.pop("secret at the start") is False
    assert found.pop("descriptors") == [0, 1, 2]
    assert found.pop("child") != "done: 0"
    assert not [name for name, answer in found.items() if answer.startswith("done")], found
    assert any("no network" in one for one in held)
    assert any("temporary directory" in one for one in held)
    assert any("memory" in one for one in held)


DEATHS = {
    "a crash": ("__import__('ctypes').string_at(0)", "a library crashed while it opened the model (SIGSEGV)"),
    "too much memory": ("bytearray(1 << 50)", "needs more memory"),
    "an error of a library": ("{}['a']", "opening the model failed in <string>:6: KeyError: 'a'"),
    "an exit": ("__import__('os')._exit(3)", "exit code 3"),
    "an error of iris-model": (
        "(_ for _ in ()).throw(__import__('iris_model.errors').errors.UnsupportedModel(['a', 'b'], remedy='c'))",
        "  - b\nc",
    ),
}


@pytest.mark.parametrize(("act", "said"), DEATHS.values(), ids=DEATHS)
def test_how_it_ends_is_a_sentence(act: str, said: str):
    program = f"""
import ctypes
from iris_model.errors import IrisModelError
from iris_model.project.compilation.confined import run_confined
try:
    run_confined(lambda: {act})
except IrisModelError as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert said in done.stdout, done.stderr


MODULE = """
import os
from pathlib import Path
class Guess:
    def predict(self, X):
        return [0.0 for _ in X]
    def __setstate__(self, state):
        for place in (Path(r"{marker}"), Path.home() / "iris-model-marker"):
            try:
                place.write_text("x")
            except OSError:
                pass
        self.__dict__.update(state)
"""


@pytest.mark.parametrize("command", ["compile", pytest.param("init", marks=pytest.mark.slow)])
def test_the_commands_open_models_there(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A module that the user trusts runs. What it does stays in that process."""
    marker = tmp_path / "marker"
    (tmp_path / "guessing_models.py").write_text(MODULE.format(marker=marker))
    monkeypatch.syspath_prepend(tmp_path)
    import guessing_models

    guess = guessing_models.Guess()
    guess.n_features_in_, guess.fitted_ = 2, True
    (tmp_path / "guess.pkl").write_bytes(pickle.dumps(guess))
    given = {
        "compile": ["compile", "guess.pkl", "-o", "out.safetensors"],
        "init": ["init", "project", "--model", "guess.pkl"],
    }[command]
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "IRIS_MODEL_CACHE": str(tmp_path / "cache"),
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "iris_model.cli", *given, "--trust", "guessing_models"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert not marker.exists(), done.stderr
    assert not (tmp_path / "iris-model-marker").exists()
    if command == "compile":
        assert "no reader" in done.stderr or "cannot be compiled" in done.stderr
