"""The root Dockerfile and the one that `init` writes are one text, but for what is installed and packaged."""

from __future__ import annotations

from tests.support.rie_binary import REPOSITORY

ROOT = REPOSITORY / "Dockerfile"
PROJECT = REPOSITORY / "src" / "iris_model" / "project" / "templates" / "Dockerfile"


def test_the_dockerfiles_differ_only_in_names_and_packages() -> None:
    root, project = (path.read_text().splitlines() for path in (ROOT, PROJECT))
    assert len(root) == len(project)
    differing = [line for line, other in zip(root, project, strict=True) if line != other]
    instructions = [line for line in differing if not line.startswith("#")]
    assert instructions == [
        "    --constraint constraints.txt --requirement examples/iris/requirements.txt .",
        "    PYTHONPATH=/opt/build python3 -m iris_model.cli package examples/iris --output /out --install-requirements \\",
    ]


def test_any_builder_can_read_them() -> None:
    """The legacy builder of Engine 20.10 knows no BuildKit syntax, so none is used."""
    for path in (ROOT, PROJECT):
        text = path.read_text()
        assert "--mount" not in text
        assert "<<" not in text
        assert "# syntax" not in text
