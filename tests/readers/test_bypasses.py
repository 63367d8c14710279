"""Known ways around scanners of pickles, run against `inspect` and `compile`: none of them runs, and each is refused."""

import itertools
import sys

import pytest
from click.testing import CliRunner

from iris_model.cli import cli
from iris_model.errors import IrisModelError
from iris_model.readers import find_refused, open_model, scan_pickle
from tests.support.hostile_pickles import HIDINGS, MARKER, PAYLOADS, WAYS, every_pickle

EVENTS = ("os.", "subprocess.", "socket.", "shutil.", "ctypes.dlopen", "pty.", "sqlite3.", "webbrowser.", "urllib.")
# What importing a library does.
HARMLESS = ("os.listdir", "os.scandir", "os.walk", "ctypes.dlopen", "os.putenv", "os.unsetenv")


class Watch:
    """Records Python's audit events while a file is open that must not run code."""

    def __init__(self):
        self.on, self.seen = False, []
        sys.addaudithook(self)

    def __call__(self, event, arguments):
        if not self.on:
            return
        writes = event == "open" and isinstance(arguments[1], str) and set("wxa+") & set(arguments[1])
        if writes or (event.startswith(EVENTS) and not event.startswith(HARMLESS)):
            self.seen.append((event, arguments))


WATCH = Watch()


def refuse(data, path):
    """What `inspect` and `compile` do with the bytes of a file, watched. Whether both refuse it."""
    path.write_bytes(data)
    WATCH.on, WATCH.seen = True, []
    try:
        try:
            scanned = bool(find_refused(scan_pickle(path)))
        except IrisModelError:
            scanned = True
        try:
            open_model(path)
            opened = False
        except IrisModelError:
            opened = True
    finally:
        WATCH.on = False
    return scanned, opened, WATCH.seen


# A list is a plain value; of the others a stand-in is made, and nothing is imported.
HARMLESS_PICKLES = ("builtins.list, in a default factory", "numpy.vectorize, ", "joblib.memory.Memory.cache, ")


def run_all(pickles, directory):
    """Refuse each; how many there were."""
    count, let_through = 0, []
    for name, data in pickles:
        count += 1
        scanned, opened, seen = refuse(data, directory / "model.pkl")
        assert not seen, (name, seen)
        assert not (directory / MARKER).exists(), name
        if not (scanned and opened):
            let_through.append(name)
    assert [name for name in let_through if not name.startswith(HARMLESS_PICKLES)] == []
    return count


def test_no_known_bypass_runs(tmp_path, monkeypatch):
    """A part: each payload in a few ways, each way with a few payloads."""
    monkeypatch.chdir(tmp_path)
    assert run_all(itertools.islice(every_pickle(), 0, None, 11), tmp_path) > 400


@pytest.mark.slow
def test_no_known_bypass_runs_in_any_combination(tmp_path, monkeypatch, record_property):
    monkeypatch.chdir(tmp_path)
    count = run_all(every_pickle(), tmp_path)
    assert count > 4500
    record_property("pickles", count)


@pytest.mark.parametrize("way", WAYS)
def test_inspect_and_compile_report_it(way, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hiding = list(HIDINGS)[len(way) % 2]
    (tmp_path / "model.pkl").write_bytes(HIDINGS[hiding](WAYS[way](*PAYLOADS[0])))
    looked = CliRunner().invoke(cli, ["inspect", "model.pkl"])
    compiled = CliRunner().invoke(cli, ["compile", "model.pkl"])
    assert "untrusted none" not in looked.output
    assert compiled.exit_code != 0
    assert [path.name for path in tmp_path.iterdir()] == ["model.pkl"]
