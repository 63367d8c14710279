"""Names and versions of a hostile file are shown to a person: they cannot forge a line, move the cursor, or insert a command."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from iris_model.cli import cli
from iris_model.errors import visible
from tests.support.hostile_pickles import short

FORGED = [
    "os\nuntrusted none",
    "os\runtrusted none",
    "os\x1b[2J\x1b]0;title\x07",
    "os\x9b2J",
    "os\N{RIGHT-TO-LEFT OVERRIDE}enon",
    "os\N{LINE SEPARATOR}untrusted none",
    "mine; touch here #",
    "mine`touch here`",
]


def _named(module: str, name: str) -> bytes:
    return b"\x80\x04" + short(module) + short(name) + b"\x93."


def _outputs(path: Path) -> list[str]:
    runs = (["inspect", str(path)], ["compile", str(path)], ["init", str(path.parent / "new"), "--model", str(path)])
    return [CliRunner().invoke(cli, run).output for run in runs]


@pytest.mark.parametrize("forged", FORGED)
def test_a_name_forges_nothing(tmp_path: Path, forged: str) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(_named(forged, "x"))
    for output in _outputs(path):
        lines = output.split("\n")
        assert all(line.isprintable() for line in lines), output
        assert not any(line.startswith("untrusted none") for line in lines)
        assert f"--trust {forged[:2]}" not in output
        assert "This is a bug" not in output


def test_a_name_that_cannot_be_encoded_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x80\x04\x8c\x03\xed\xa0\x80" + short("x") + b"\x93.")
    for output in _outputs(path):
        assert "\\ud800.x" in output
        assert "This is a bug" not in output


VERSIONS = ["1.0; touch here #", "1.0\nhint: curl", "<9", ">=1", "1.0 --index-url x", "$(id)", "", "1" * 99, "١.٠"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["pickle", "skops"])
def test_a_version_that_is_none_is_not_advised(tmp_path: Path, version: str, kind: str) -> None:
    path = tmp_path / "model.pkl"
    if kind == "pickle":
        state = b"}" + short("_sklearn_version") + short(version) + b"sb."
        path.write_bytes(
            b"\x80\x04" + short("sklearn.linear_model._base") + short("LinearRegression") + b"\x93)\x81" + state
        )
    else:
        said = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": json.dumps(version)}
        node = {"__class__": "LinearRegression", "__module__": "sklearn.linear_model._base", "__loader__": "ObjectNode"}
        schema = {**node, "content": None, "_sklearn_version": said, "_skops_version": "0.14.0", "protocol": 2}
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as members:
            members.writestr("schema.json", json.dumps(schema))
        path.write_bytes(archive.getvalue())
    for output in _outputs(path):
        assert "pip install" not in output
        assert "This is a bug" not in output
        assert all(line.isprintable() for line in output.split("\n"))


def test_text_of_people_is_left_as_it_is() -> None:
    assert visible("Größe (m²) 温度 😀") == "Größe (m²) 温度 😀"
    assert visible("a\tb\x7f\ud800") == "a\\tb\\x7f\\ud800"
