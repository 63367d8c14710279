"""requirements.txt read as pip reads it, included files and all; and when it counts as changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pip._internal.network.session import PipSession
from pip._internal.req.req_file import parse_requirements

from iris_model.errors import ProjectError
from iris_model.project.dependencies.requirement_lines import (
    CONSTRAINT,
    OPTION,
    REQUIREMENT,
    read_requirements,
)

FILES = {
    "requirements.txt": """\
# what the model needs
numpy==2.4.6   # not later
scikit-learn[plots, docs] == 1.9.1 ; python_version >= "3.11"
-r more/deep.txt
-cconstraints.txt
--requirement=others.txt
mine @ https://somewhere.example/mine-1.0-py3-none-any.whl#sha256=00 ; sys_platform == "linux"
./wheels/own-1.0-py3-none-any.whl
joblib==1.6.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
threadpoolctl \\
# a comment ends it
scipy
""",
    "more/deep.txt": "-r deeper.txt\nsix>=1.16;python_version<'4'\n--find-links wheels\n",
    "more/deeper.txt": "\ufeffpackaging\n",
    "more/wheels/a": "",
    "others.txt": "-e ./here\ngit+https://somewhere.example/x.git\n",
    "constraints.txt": "numpy<3\n",
    "wheels/own-1.0-py3-none-any.whl": "the bytes of a wheel",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "project"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pip's own
def test_the_lines_are_those_that_pip_finds(project: Path) -> None:
    path = project / "requirements.txt"
    theirs = [
        (each.constraint, each.requirement.strip(), each.is_editable)
        for each in parse_requirements(str(path), session=PipSession())
    ]
    ours = [
        (line.kind == CONSTRAINT, line.plain.removeprefix("-e ").strip(), line.is_editable)
        for line in read_requirements(path).lines
        if line.kind != OPTION
    ]
    assert ours == theirs
    assert len(ours) == 12


def test_local_and_remote_requirement_lines_are_recognized(project: Path) -> None:
    found = read_requirements(project / "requirements.txt")
    by_name = {line.file_name: line for line in found.lines if line.address}
    assert list(by_name) == ["here", "x.git", "mine-1.0-py3-none-any.whl", "own-1.0-py3-none-any.whl"]
    own = by_name["own-1.0-py3-none-any.whl"]
    assert found.local_path(own) == project / "wheels" / "own-1.0-py3-none-any.whl"
    assert found.local_path(by_name["mine-1.0-py3-none-any.whl"]) is None
    assert own.place == f"{project / 'requirements.txt'}, line 8"
    hashed = next(line for line in found.lines if line.plain == "joblib==1.6.0")
    assert hashed.options.split() == ["--hash=sha256:aa", "--hash=sha256:bb"]
    (links,) = [line for line in found.lines if line.kind == OPTION]
    assert links.text == f"--find-links {project / 'more' / 'wheels'}"


@pytest.mark.parametrize("name", [name for name in FILES if name != "more/wheels/a"])
def test_a_change_in_any_file_is_a_change(project: Path, name: str) -> None:
    before = read_requirements(project / "requirements.txt").digest
    assert read_requirements(project / "requirements.txt").digest == before
    with (project / name).open("a") as file:
        file.write("# changed\n")
    assert read_requirements(project / "requirements.txt").digest != before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "-r nowhere.txt",
            r"requirements\.txt, line 1: it includes .*nowhere\.txt, which cannot be read: No such file",
        ),
        ("\n-r circle.txt", r"circle\.txt, line 1: it includes .*requirements\.txt, which includes it"),
        ("-r binary.txt", "which cannot be read: it is not UTF-8 text"),
    ],
)
def test_includes_that_cannot_be_read(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "requirements.txt").write_text(text)
    (tmp_path / "circle.txt").write_text("-r requirements.txt\n")
    (tmp_path / "binary.txt").write_bytes(b"\xe4")
    with pytest.raises(ProjectError, match=said):
        read_requirements(tmp_path / "requirements.txt")


def test_a_file_alone_is_known_by_its_own_sha256(tmp_path: Path) -> None:
    """As locks have it that were written before included files counted."""
    (tmp_path / "requirements.txt").write_bytes(b"numpy\n")
    assert read_requirements(tmp_path / "requirements.txt").digest == (
        "e09f656c130b9c08b2c5ab7187c891295e449ed77febea2a6ceee9cc98ccb0fc"
    )
    assert {line.kind for line in read_requirements(tmp_path / "requirements.txt").lines} == {REQUIREMENT}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pip's own
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_requirements_in_powershell_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "requirements.txt"
    path.write_bytes("numpy==2.4.6\r\n# Größe\r\njoblib ; python_version > '3'\r\n".encode(encoding))
    theirs = [each.requirement for each in parse_requirements(str(path), session=PipSession())]
    assert [line.text for line in read_requirements(path).lines] == theirs
    assert len(theirs) == 2
