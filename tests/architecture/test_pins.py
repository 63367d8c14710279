"""The Dockerfile and the benches use the two files of exact versions together: they must not contradict each other."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def pins(name: str) -> dict[str, str]:
    lines = (REPOSITORY / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))


def test_the_example_needs_what_is_installed_here():
    installed = pins("constraints.txt")
    for package, version in pins("examples/iris/requirements.txt").items():
        assert installed.get(package) == version, package
