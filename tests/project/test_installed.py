"""What is installed, against importlib.metadata."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from iris_model.installed import installed_bytes, packages_distributions, requirements_of


def test_modules_are_provided_as_the_standard_library_says():
    ours = {module: set(names) for module, names in packages_distributions().items()}
    theirs = {module: set(names) for module, names in metadata.packages_distributions().items()}
    if sys.version_info >= (3, 12):
        assert ours == theirs
    else:  # it counts files of Python only, but also names that cannot be imported
        assert all(names <= ours[module] for module, names in theirs.items() if "." not in module)
        assert set(theirs) > {"numpy", "sklearn", "yaml"}


@pytest.mark.parametrize("name", ["numpy", "PyYAML", "iris-model"])
def test_sizes_and_requirements(name: str):
    found = metadata.distribution(name)
    paths = [Path(str(file.locate())) for file in found.files or ()]
    assert installed_bytes(name) == sum(path.stat().st_size for path in paths if path.is_file()) > 0
    assert list(requirements_of(name)) == (found.requires or [])


def test_a_package_installed_in_the_meantime_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "brought_later" not in packages_distributions()
    with pytest.raises(metadata.PackageNotFoundError):
        installed_bytes("Later")
    described = tmp_path / "later-1.0.dist-info"
    described.mkdir()
    (tmp_path / "brought_later.py").write_text("pass\n")
    (described / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: Later\nVersion: 1.0\nRequires-Dist: numpy\n\nName: not this\n"
    )
    (described / "RECORD").write_text('brought_later.py,,\n"with, comma/a.py",,\nlater-1.0.dist-info/METADATA,,\n')
    assert packages_distributions()["brought_later"] == packages_distributions()["with, comma"] == ("Later",)
    assert installed_bytes("Later") == 5 + (described / "METADATA").stat().st_size
    assert requirements_of("Later") == ("numpy",)
