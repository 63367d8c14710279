"""`iris-model rollback [PROJECT] [VERSION]`: which of them an argument is."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from iris_model.cli.commands.aws.rollback import split_arguments


@pytest.mark.parametrize(
    ("arguments", "named", "expected"),
    [
        ([], None, (".", None)),
        (["4"], None, (".", "4")),
        (["flowers"], None, ("flowers", None)),
        (["no-such-project"], None, ("no-such-project", None)),
        (["flowers", "4"], None, ("flowers", "4")),
        ([], "flowers", ("flowers", None)),
        (["4"], "flowers", ("flowers", "4")),
        (["2024"], None, ("2024", None)),  # a directory of that name is there
        (["2024", "4"], None, ("2024", "4")),
    ],
)
def test_project_and_version_are_distinguished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments, named, expected
):
    for directory in ("flowers", "2024"):
        (tmp_path / directory).mkdir()
    monkeypatch.chdir(tmp_path)
    project, version = split_arguments(tuple(arguments), Path(named) if named else None)
    assert (str(project), version) == expected


@pytest.mark.parametrize(("arguments", "named"), [(("a", "1", "2"), None), (("a", "1"), "b")])
def test_too_many_arguments_are_refused(arguments: tuple[str, ...], named: str | None):
    with pytest.raises(click.UsageError, match="expected PROJECT and VERSION"):
        split_arguments(arguments, Path(named) if named else None)
