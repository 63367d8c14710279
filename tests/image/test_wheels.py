"""Wheels unpacked by us and by pip lie there alike; wheels that are not what they say are refused."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from iris_model.errors import ImageError
from iris_model.image.dependencies.packages import missing_dependencies
from iris_model.image.dependencies.wheels import open_wheel, unpack_wheels
from iris_model.image.target import Libc, Target

METADATA = "Metadata-Version: 2.4\nName: Sample_Pkg\nVersion: 1.2\nLicense-Expression: MIT\n{more}\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
FILES = {
    "sample_pkg/__init__.py": "x = 1\n",
    "sample_pkg/data/table.csv": "a,b\n",
    "sample_pkg-1.2.data/purelib/sibling.py": "y = 2\n",
    "sample_pkg-1.2.data/data/share/sample/notes.txt": "notes\n",
    "sample_pkg-1.2.data/scripts/sample": "#!python\nprint()\n",
    "sample_pkg-1.2.dist-info/entry_points.txt": "[console_scripts]\nsample2 = sample_pkg:x\n",
    "sample_pkg-1.2.dist-info/licenses/LICENSE": "MIT\n",
}


def write_wheel(
    directory: Path, files: dict[str, str] = FILES, *, name: str = "sample_pkg", more: str = "", lies: str = ""
) -> Path:
    info = f"{name}-1.2.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": METADATA.replace("Sample_Pkg", name).format(more=more),
        f"{info}/WHEEL": WHEEL,
    }
    record = []
    for path, text in contents.items():
        said = "other" if path == lies else text
        digest = base64.urlsafe_b64encode(hashlib.sha256(said.encode()).digest()).rstrip(b"=").decode()
        record.append(f"{path},sha256={digest},{len(text)}")
    contents[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""])
    path = directory / f"{name}-1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in contents.items():
            archive.writestr(member, text)
    return path


def tree(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_wheels_are_unpacked_as_by_pip_without_installer_files(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path)
    owners = unpack_wheels([open_wheel(wheel)], tmp_path / "ours")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile"]
    subprocess.run([*command, "--target", str(tmp_path / "pip"), str(wheel)], check=True, timeout=120)
    ours, theirs = tree(tmp_path / "ours"), tree(tmp_path / "pip")
    left_out = {path for path in theirs if path.startswith("bin/")}
    left_out |= {f"sample_pkg-1.2.dist-info/{name}" for name in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")}
    assert ours == {path: content for path, content in theirs.items() if path not in left_out}
    assert owners.keys() == ours.keys()


def test_wheel_metadata_is_read(tmp_path: Path) -> None:
    wheel = open_wheel(
        write_wheel(tmp_path, more='Requires-Dist: numpy>=1\nRequires-Dist: tomli; python_version<"3.11"\n')
    )
    assert (wheel.name, wheel.version, wheel.license) == ("sample-pkg", "1.2", "MIT")
    assert wheel.requires == ("numpy>=1", 'tomli; python_version<"3.11"')
    assert wheel.sha256 == hashlib.sha256(wheel.path.read_bytes()).hexdigest()


def test_dependencies_of_the_target_that_this_python_does_not_have(tmp_path: Path) -> None:
    requires = 'Requires-Dist: later>=2; python_version>="3.13"\nRequires-Dist: pytest; extra == "test"\n'
    wheel = open_wheel(write_wheel(tmp_path, more=requires))
    libc = Libc("glibc", 2, 34)
    assert missing_dependencies([wheel], Target("3.13", "x86_64", libc)) == ["later>=2"]
    assert missing_dependencies([wheel], Target("3.11", "x86_64", libc)) == []


@pytest.mark.parametrize("name", ["../outside.py", "/etc/passwd", "sample_pkg/../../x", "a\\..\\b"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    wheel = open_wheel(write_wheel(tmp_path, {name: "x"}))
    with pytest.raises(ImageError, match="points outside"):
        unpack_wheels([wheel], tmp_path / "target")
    assert not (tmp_path / "outside.py").exists()


def test_a_file_that_was_changed_after_the_wheel_was_built(tmp_path: Path) -> None:
    wheel = open_wheel(write_wheel(tmp_path, lies="sample_pkg/__init__.py"))
    with pytest.raises(ImageError, match=r"sample_pkg/__init__\.py does not match"):
        unpack_wheels([wheel], tmp_path / "target")


def test_two_wheels_that_bring_different_files_of_one_name(tmp_path: Path) -> None:
    one = open_wheel(write_wheel(tmp_path, {"shared.py": "1"}, name="one"))
    other = open_wheel(write_wheel(tmp_path, {"shared.py": "2"}, name="two"))
    with pytest.raises(ImageError, match=r"one-1\.2.*two-1\.2|two-1\.2.*one-1\.2"):
        unpack_wheels([one, other], tmp_path / "target")


def test_no_wheel_at_all(tmp_path: Path) -> None:
    path = tmp_path / "broken-1.0-py3-none-any.whl"
    path.write_bytes(b"not a zip")
    with pytest.raises(ImageError, match="it is not a wheel"):
        open_wheel(path)
