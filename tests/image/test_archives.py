"""The deployment package as a zip archive: its files, modes and limits, and the same bytes for the same project."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iris_model.cli import cli
from iris_model.errors import ProjectError
from iris_model.image.archives.build import BuiltArchive, build_archive, check_size
from iris_model.image.archives.writing import write_archive
from iris_model.image.bases.cache import Cache
from iris_model.project.packaging.native import find_bootstrap
from tests.support.iris_project import change_settings, write_iris_project
from tests.support.runtime_api_fake import Invocation, RuntimeApiFake

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("zip") / "flowers"
    write_iris_project(directory, "flowers", settings='package-type = "zip"\nruntime = "python"')
    change_settings(directory, f'python = "{RUNNING}"')
    return directory


@pytest.fixture(scope="module")
def built(project: Path) -> BuiltArchive:
    return build_archive(project, cache=Cache(project.parent / "cache"))


def run(*arguments: object, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


def unpack(data: bytes, directory: Path) -> dict[str, int]:
    """Unpack with the modes of the archive, as Lambda does. Return them."""
    archive = directory.with_suffix(".zip")
    archive.write_bytes(data)
    modes = {}
    with zipfile.ZipFile(archive) as file:
        assert file.testzip() is None
        for entry in file.infolist():
            modes[entry.filename] = entry.external_attr >> 16
            path = Path(file.extract(entry, directory))
            path.chmod(stat.S_IMODE(modes[entry.filename]))
    return modes


def test_it_has_the_function_directory_and_the_file_that_starts_the_runtime(
    built: BuiltArchive, tmp_path: Path
) -> None:
    modes = unpack(built.data, tmp_path / "task")
    names = {
        path.relative_to(built.packaged.directory).as_posix()
        for path in built.packaged.directory.rglob("*")
        if path.is_file()
    }
    assert set(modes) == {*names, "iris-model-start"}
    assert {name for name, mode in modes.items() if mode & 0o111} == {"iris-model-start"}
    assert {stat.S_IMODE(mode) for mode in modes.values()} == {0o644, 0o755}, "Lambda's user must be able to read it"
    assert built.runtime == f"python{RUNNING}"
    assert built.unzipped_bytes == sum(path.stat().st_size for path in (tmp_path / "task").rglob("*") if path.is_file())


def test_the_same_project_gives_the_same_bytes(project: Path, built: BuiltArchive, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    shutil.copytree(project, other, ignore=shutil.ignore_patterns(".iris-model"))
    os.utime(other / "app.py", (1e9, 1e9))
    assert build_archive(other, cache=Cache(tmp_path / "cache")).data == built.data


def test_the_wrapper_starts_our_runtime_as_a_managed_runtime_starts_it(built: BuiltArchive, tmp_path: Path) -> None:
    """AWS passes its own command: the interpreter, then its runtime client."""
    directory = Path("/var/task")
    unpack(built.data, tmp_path / "task")
    wrapper = (tmp_path / "task" / "iris-model-start").read_text().replace(str(directory), str(tmp_path / "task"))
    (tmp_path / "task" / "iris-model-start").write_text(wrapper)
    with RuntimeApiFake(Invocation(b"[5.1, 3.5, 1.4, 0.2]")) as api:
        environment = {
            "AWS_LAMBDA_RUNTIME_API": api.address, "_HANDLER": "app.handler", "LAMBDA_TASK_ROOT": str(tmp_path / "task"),
            "PATH": os.environ["PATH"],
        }  # fmt: skip
        command = [str(tmp_path / "task" / "iris-model-start"), sys.executable, "/var/runtime/bootstrap.py"]
        with subprocess.Popen(command, env=environment, cwd=tmp_path / "task") as process:
            assert api.done.wait(20)
            process.kill()
    (post,) = api.posts
    assert post.path.endswith("/response")
    assert json.loads(post.body)["prediction"] == "setosa"


@pytest.mark.skipif(find_bootstrap("x86_64") is None, reason="this installation has no native runtime for x86_64")
def test_a_native_archive_has_the_executable_at_its_root(project: Path, tmp_path: Path) -> None:
    settings = 'package-type = "zip"\nruntime = "native"'
    native = build_archive(write_iris_project(tmp_path / "native", "flowers", settings=settings))
    modes = unpack(native.data, tmp_path / "task")
    assert native.runtime == "provided.al2023"
    assert modes["bootstrap"] == 0o100755
    assert "iris-model-start" not in modes and not [name for name in modes if name.startswith("iris_model/engine")]
    with RuntimeApiFake(Invocation(b"[5.1, 3.5, 1.4, 0.2]")) as api:
        environment = {"AWS_LAMBDA_RUNTIME_API": api.address, "_HANDLER": "app.handler"}
        with subprocess.Popen([str(tmp_path / "task" / "bootstrap")], env=environment) as process:
            assert api.done.wait(20)
            process.kill()
    assert json.loads(api.posts[0].body)["prediction"] == "setosa"


def test_build_writes_the_archive_and_a_second_build_reports_no_change(project: Path, tmp_path: Path) -> None:
    first, second = (json.loads(run("build", project, "--json").stdout) for _ in range(2))
    assert not first["unchanged"] and second["unchanged"]
    assert first["outputs"][0]["path"] == str(project / ".iris-model" / "function.zip")
    named = json.loads(run("build", project, "-o", tmp_path / "function.zip", "--json").stdout)
    assert named["digest"] == first["digest"]
    assert (tmp_path / "function.zip").read_bytes() == (project / ".iris-model" / "function.zip").read_bytes()
    text = run("template", project).output
    assert f"Runtime: python{RUNNING}\n" in text and first["digest"].removeprefix("sha256:") in text
    run("build", project, "--arch", "arm64")
    refused = run("template", project, exit_code=1).output
    assert "is for arm64, and the function has x86_64" in refused
    assert 'package-type = "zip"' in run("template", project, "--image", "sha256:1", exit_code=1).output


def test_it_says_why_it_has_this_runtime(tmp_path: Path) -> None:
    project = write_iris_project(tmp_path / "flowers", "flowers", settings='package-type = "zip"')
    with (project / "app.py").open("a") as app:
        app.write("print('mine')\n")
    assert "\nRuntime python: app.py is not the handler that init writes" in run("build", project).output


def test_a_project_for_images_can_have_an_archive_too(tmp_path: Path) -> None:
    project = write_iris_project(tmp_path / "flowers", "flowers", settings='base-image = "python:3.13-slim"')
    for runtime, expected in (("native", "provided.al2023"), ("python", "python3.13")):
        change_settings(project, f'runtime = "{runtime}"')
        built = json.loads(run("build", project, "-o", tmp_path / "a.zip", "--json").stdout)
        assert built["lambda_runtime"] == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["-o", "a.zip", "--push", "-t", "localhost/x:1"], "is for images, and a.zip is a zip archive"),
        (["--sizes"], '--sizes is for images, and the project has package-type = "zip"'),
        (["-o", "a.zip", "--base", "scratch"], "--base is for images"),
        (["-o", "a.zip", "-o", "a.tar"], "run it once for each"),
    ],
)
def test_options_of_images_are_refused(project: Path, options: list[str], expected: str) -> None:
    assert expected in run("build", project, *options, exit_code=2).output


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ('base-image = "scratch"', 'base-image = "scratch" has no effect with package-type = "zip"'),
        ('python = "3.10"', "Lambda has managed runtimes for 3.11"),
        ('python = "3.11"\nsnapstart = true', "expected 3.12 or later"),
    ],
)
def test_settings_that_contradict_it_are_refused(tmp_path: Path, settings: str, expected: str) -> None:
    project = write_iris_project(tmp_path / "flowers", "flowers")
    path = project / "iris-model.toml"
    text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("python"))
    path.write_text(f'package-type = "zip"\n{settings}\n{text}\n')
    assert expected in run("build", project, exit_code=1).output


def test_an_archive_that_lambda_would_refuse_is_refused_before_it_is_compressed(built: BuiltArchive) -> None:
    files = {
        path.relative_to(built.packaged.directory).as_posix(): path for path in built.packaged.directory.rglob("*.*")
    }
    check_size(built.unzipped_bytes, files)
    with pytest.raises(ProjectError, match="accepts at most 250 MB;"):
        check_size(300_000_000, files)
    with pytest.raises(
        ProjectError, match=r"unzipped, and Lambda accepts at most 0 MB; the largest parts are iris_model \("
    ) as caught:
        check_size(built.unzipped_bytes, files, limit=50_000)
    assert 'package-type = "image"' in caught.value.remedy


def test_files_and_programs_are_sorted_with_one_time() -> None:
    first = write_archive({"b": b"2", "a": b"1"}, {"c": b"3"})
    assert first == write_archive({"a": b"1", "b": b"2"}, {"c": b"3"})
