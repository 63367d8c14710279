"""Packages for a target: a real pip, an index on this disk, real extension modules, and bases that lack what those need."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

from iris_model.errors import ImageError, ProjectError
from iris_model.image.bases.cache import Cache
from iris_model.image.bases.elf import read_elf
from iris_model.image.build import BuiltImage, build_image
from iris_model.oci import Platform, write_layout
from iris_model.project.dependencies.requirements import install_requirements_into
from iris_model.project.packaging.package import RUNNING_PYTHON
from tests.image.test_wheels import METADATA, write_wheel
from tests.support.base_images import as_machine, base_image
from tests.support.projects import SETTINGS, FakeChoice, write_project
from tests.support.requirement import skip_unless_ci
from tests.support.spread import spread

SOURCE = """
#include <omp.h>
int threads(void) { return omp_get_max_threads(); }
"""


def compile_library(directory: Path, source: str, *options: str) -> bytes:
    if shutil.which("cc") is None:
        skip_unless_ci("there is no C compiler (Debian: gcc)")
    (directory / "a.c").write_text(source)
    made = directory / "_fast.so"
    subprocess.run(["cc", "-shared", "-fPIC", *options, "-o", str(made), str(directory / "a.c")], check=True)
    return made.read_bytes()


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A library that needs libgomp.so.1, as xgboost's and scikit-learn's do."""
    return compile_library(tmp_path_factory.mktemp("extension"), SOURCE, "-fopenmp")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip looks: nothing here needs a network."""
    directory = tmp_path / "index"
    directory.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(directory))
    return directory


def wheel(index: Path, name: str, tags: str, files: dict[str, bytes], *, more: str = "") -> Path:
    """A wheel with any tags and any bytes; without hashes in its RECORD, which the format allows."""
    import zipfile

    info = f"{name}-1.2.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": METADATA.replace("Sample_Pkg", name).format(more=more).encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tags}\n".encode(),
    }
    contents[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*contents, f"{info}/RECORD"]).encode()
    path = index / f"{name}-1.2-{tags}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in contents.items():
            archive.writestr(member, content)
    return path


def project_with(directory: Path, requirements: str, *, settings: str = SETTINGS) -> Path:
    return write_project(directory, {"requirements.txt": requirements}, settings=settings)


def build(project: Path, base: str, cache: Cache, **options: object) -> BuiltImage:
    choice = FakeChoice("original", needs=("fast",))
    return build_image(project, base=base, cache=cache, **{"choose": choice, **options})  # type: ignore[arg-type]


def tag(libc: str = "manylinux_2_17", machine: str = "x86_64", python: str = RUNNING_PYTHON) -> str:
    abi = "cp" + python.replace(".", "")
    return f"{abi}-{abi}-{libc}_{machine}"


def test_a_missing_shared_library_is_named_with_its_wheel(
    tmp_path: Path, index: Path, extension: bytes, base: str, cache: Cache
) -> None:
    wheel(index, "fast", tag(), {"fast/_fast.so": extension})
    project = project_with(tmp_path / "p", "fast==1.2\n")
    with pytest.raises(ImageError, match=r"(?s)libgomp\.so\.1, needed by fast/_fast\.so.*libgomp1 \(Debian\)"):
        build(project, base, cache)
    assert not (project / "iris-model.lock").exists()


@pytest.mark.slow
def test_with_the_library_in_the_base_or_in_the_wheel_it_builds(
    tmp_path: Path, index: Path, extension: bytes, base: str, cache: Cache
) -> None:
    needed = read_elf(extension, "extension")
    assert needed is not None
    versions = {version for name, found in needed.needed_versions.items() if "gomp" in name for version in found}
    path = subprocess.run(["cc", "-print-file-name=libgomp.so.1"], capture_output=True, text=True, check=True).stdout
    library = Path(path.strip()).resolve().read_bytes()
    write_layout(base_image(libraries={"libgomp.so.1": library}), tmp_path / "with-gomp")
    wheel(index, "fast", tag(), {"fast/_fast.so": extension})
    project = project_with(tmp_path / "p", "fast==1.2\n")
    built = build(project, str(tmp_path / "with-gomp"), cache)
    assert [each.name for each in built.layers] == ["packages", "runtime", "model"]
    assert "fast/_fast.so" in built.layers[0].files
    assert versions

    wheel(index, "fast", tag(), {"fast/_fast.so": extension, "fast.libs/libgomp.so.1": library})
    another = project_with(tmp_path / "another", "fast==1.2\n")
    assert build(another, base, Cache(tmp_path / "fresh")).layers[0].name == "packages"


@pytest.mark.slow
def test_symbols_newer_than_the_base(tmp_path: Path, index: Path, base: str, cache: Cache) -> None:
    """A wheel whose tag promises less than its library needs."""
    source = '#include <stdio.h>\nint one(void) { return puts("one"); }\n'
    data = compile_library(tmp_path, source)
    elf = read_elf(data, "library")
    assert elf is not None
    (version,) = [each for each in elf.needed_versions["libc.so.6"] if each.startswith("GLIBC_")]
    later = "GLIBC_2." + "9" * (len(version) - len("GLIBC_2."))
    wheel(index, "fast", tag(), {"fast/_fast.so": data.replace(version.encode() + b"\0", later.encode() + b"\0")})
    with pytest.raises(ImageError, match=rf"libc\.so\.6 with {later}"):
        build(project_with(tmp_path / "p", "fast\n"), base, cache)


def test_no_wheel_for_the_base_is_never_built_from_source(tmp_path: Path, index: Path, base: str, cache: Cache) -> None:
    wheel(index, "fast", tag("manylinux_2_99"), {"fast/__init__.py": b""})
    with pytest.raises(
        ImageError, match=r"no wheel of fast.* for Python .* glibc 2\.\d+, and packages are never built"
    ):
        build(project_with(tmp_path / "p", "fast==1.2\n"), base, cache)


class _Index(BaseHTTPRequestHandler):
    """An index that answers with the status that its path begins with."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.split("/")[1]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def answering(index: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of such an index, which pip asks in addition to the directory."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "PIP_NO_INDEX", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Index) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(
    ("address", "problem"),
    spread(
        [
            ("http://{here}/503", "index http://{here}/503/simple/ for fast: too many 503 error responses"),
            pytest.param(
                "http://me:secret@{here}/401",
                "index http://***@{here}/401/simple/ for fast: 401 Client Error: Unauthorized",
                marks=pytest.mark.slow,
            ),
            pytest.param(
                "http://127.0.0.1:9",
                "index http://127.0.0.1:9/simple/ for fast: Failed to establish a new connection",
                marks=pytest.mark.slow,
            ),
            pytest.param("https://{here}/200", "for fast: ", marks=pytest.mark.slow),  # no TLS there
            pytest.param(
                "http://nobody.invalid",
                "pip did not ask the index at nobody.invalid, because its address has no TLS",
                marks=pytest.mark.slow,
            ),
            ("http://{here}/404", "no wheel of fast==1.2 for "),  # an answer
        ],
        2,
        unpack=True,
    ),
)
def test_an_index_that_cannot_be_asked_is_not_one_without_the_wheel(
    tmp_path: Path, answering: str, base: str, cache: Cache, monkeypatch: pytest.MonkeyPatch, address: str, problem: str
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", address.format(here=answering) + "/simple")
    project = project_with(tmp_path / "p", "fast==1.2\n")
    with pytest.raises(ImageError) as caught:
        build(project, base, cache)
    assert problem.format(here=answering) in caught.value.problem
    assert "secret" not in str(caught.value)
    assert not (project / "iris-model.lock").exists()
    if "404" not in address:
        assert "no wheel" not in str(caught.value)
        with pytest.raises(ProjectError) as installing:
            install_requirements_into(tmp_path / "installed", project / "requirements.txt")
        assert problem.format(here=answering) in installing.value.problem


@pytest.mark.skipif(find_spec("socks") is not None, reason="with PySocks pip can use such a proxy")
def test_a_socks_proxy_is_a_sentence(
    tmp_path: Path, answering: str, base: str, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ImageError, match="is a SOCKS proxy, which this pip cannot use"):
        build(project_with(tmp_path / "p", "fast==1.2\n"), base, cache)


@pytest.mark.slow
def test_wheels_for_another_processor_and_another_python(
    tmp_path: Path, index: Path, extension: bytes, cache: Cache
) -> None:
    write_layout(base_image("3.13", platform=Platform("linux", "arm64")), tmp_path / "arm")
    wheel(index, "fast", tag(), {"fast/_fast.so": extension})
    arm = as_machine(compile_library(tmp_path, "int one(void) { return 1; }\n", "-nostdlib"), 183)
    project = project_with(tmp_path / "p", "fast==1.2\n")
    with pytest.raises(ImageError, match="no wheel of fast"):
        build(project, str(tmp_path / "arm"), cache, architecture="arm64")
    wheel(index, "fast", tag(machine="aarch64", python="3.13"), {"fast/_fast.so": extension})
    with pytest.raises(ImageError, match=r"fast/_fast\.so is built for x86_64, expected arm64"):
        build(project, str(tmp_path / "arm"), cache, architecture="arm64")
    wheel(index, "fast", tag(machine="aarch64", python="3.13"), {"fast/_fast.so": arm})
    built = build(project, str(tmp_path / "arm"), Cache(tmp_path / "fresh"), architecture="arm64")
    assert built.layers[0].name == "packages"


@pytest.mark.slow
def test_chosen_wheels_are_locked_and_cached(tmp_path: Path, index: Path, base: str, cache: Cache) -> None:
    needs = "Requires-Dist: sample_pkg\nRequires-Dist: nowhere; python_version < '3'"
    wheel(index, "fast", "py3-none-any", {"fast/__init__.py": b""}, more=needs)
    write_wheel(index)
    project = project_with(tmp_path / "p", "fast\n")
    first = build(project, base, cache)
    lock = json.loads((project / "iris-model.lock").read_text())
    (entry,) = lock["packages"].values()
    assert [(each["name"], each["version"]) for each in entry["wheels"]] == [("fast", "1.2"), ("sample-pkg", "1.2")]
    for path in index.iterdir():
        path.unlink()
    shutil.rmtree(project / ".iris-model")
    again = build(project, base, cache)
    assert again.image.digest == first.image.digest
    assert [each.name for each in again.packages] == ["fast", "sample-pkg"]
    with pytest.raises(ImageError, match="no wheel of"):
        build(project, base, Cache(tmp_path / "fresh"), update=True)


def test_a_compiled_function_asks_pip_for_nothing(tmp_path: Path, index: Path, base: str, cache: Cache) -> None:
    project = project_with(tmp_path / "p", "does-not-exist==7\n")
    built = build(project, base, cache, choose=FakeChoice())
    assert [each.name for each in built.layers] == ["runtime", "model"]
    assert built.packages == ()


def test_the_packages_can_be_imported_from_the_function_directory(
    tmp_path: Path, index: Path, base: str, cache: Cache
) -> None:
    write_wheel(index)
    built = build(project_with(tmp_path / "p", "sample_pkg\n"), base, cache)
    program = "import sample_pkg, sibling; print(sample_pkg.x + sibling.y)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=built.packaged.directory, capture_output=True, text=True, check=True
    )
    assert done.stdout == "3\n"


def locked(project: Path) -> list[tuple[str, str]]:
    (entry,) = json.loads((project / "iris-model.lock").read_text())["packages"].values()
    return [(each["name"], each["version"]) for each in entry["wheels"]]


@pytest.fixture
def base_of_another_python(tmp_path: Path) -> str:
    """The Python of the base is not the running one, so that a marker judged here says something else than there."""
    write_layout(base_image("3.13" if RUNNING_PYTHON != "3.13" else "3.12"), tmp_path / "another")
    return str(tmp_path / "another")


@pytest.mark.slow
def test_markers_are_those_of_the_base_and_not_of_this_machine(
    tmp_path: Path, index: Path, base_of_another_python: str, cache: Cache
) -> None:
    for name in ("fast", "here", "there", "deep", "extra"):
        there = f'python_version != "{RUNNING_PYTHON}"'
        needs = f'Provides-Extra: more\nRequires-Dist: extra; extra == "more" and {there}' if name == "fast" else ""
        wheel(index, name, "py3-none-any", {f"{name}/__init__.py": b""}, more=needs)
    lines = f'fast[more]\n-r included.txt\nhere; python_version == "{RUNNING_PYTHON}"\n'
    project = project_with(tmp_path / "p", lines)
    (project / "included.txt").write_text(f'there ; python_version != "{RUNNING_PYTHON}"\n')
    build(project, base_of_another_python, cache)
    assert [name for name, _ in locked(project)] == ["extra", "fast", "there"]


@pytest.mark.slow
def test_a_change_in_an_included_file_is_seen(tmp_path: Path, index: Path, base: str, cache: Cache) -> None:
    for name in ("fast", "other"):
        wheel(index, name, "py3-none-any", {f"{name}/__init__.py": b""})
    project = project_with(tmp_path / "p", "-r included.txt\n")
    (project / "included.txt").write_text("fast\n")
    first = build(project, base, cache)
    assert build(project, base, cache).packaged.unchanged
    (project / "included.txt").write_text("fast\nother\n")
    second = build(project, base, cache)
    assert [name for name, _ in locked(project)] == ["fast", "other"]
    assert first.image.digest != second.image.digest


@pytest.mark.slow
def test_a_wheel_of_the_project_wherever_the_build_is_started_and_when_the_cache_is_gone(
    tmp_path: Path, index: Path, base: str, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one on the index of the same name and version is not taken for it."""
    project = project_with(tmp_path / "p", "./my wheels/fast-1.2-py3-none-any.whl\n")
    own = wheel(index, "fast", "py3-none-any", {"fast/__init__.py": b"own = True\n"})
    (project / "my wheels").mkdir()
    shutil.move(own, project / "my wheels" / own.name)
    wheel(index, "fast", "py3-none-any", {"fast/__init__.py": b"own = False\n"})
    (project / "calendar.py").write_text("raise SystemExit('this is no module of pip')\n")
    monkeypatch.chdir(tmp_path)
    first = build(project, base, cache)
    shutil.rmtree(project / ".iris-model")
    again = build(project, base, Cache(tmp_path / "fresh"))
    assert again.image.digest == first.image.digest
    assert (again.packaged.directory / "fast" / "__init__.py").read_bytes() == b"own = True\n"
    own = wheel(project / "my wheels", "fast", "py3-none-any", {"fast/__init__.py": b"own = 'another'\n"})
    assert build(project, base, cache).image.digest != first.image.digest
    own.unlink()
    with pytest.raises(
        ImageError, match=rf"(?s)line 1: \./my wheels/fast.*there is no such file.*relative to {project}"
    ):
        build(project, base, cache)


@pytest.mark.slow
def test_places_to_look_in_count_for_what_is_pinned_too(tmp_path: Path, index: Path, base: str, cache: Cache) -> None:
    project = project_with(tmp_path / "p", "--find-links ours\nfast\n")
    (project / "ours").mkdir()
    wheel(project / "ours", "fast", "py3-none-any", {"fast/__init__.py": b""})
    first = build(project, base, cache)
    shutil.rmtree(project / ".iris-model")
    assert build(project, base, Cache(tmp_path / "fresh")).image.digest == first.image.digest


def test_a_line_with_a_password_is_named_without_it(tmp_path: Path, index: Path, base: str, cache: Cache) -> None:
    project = project_with(tmp_path / "p", "git+https://me:secret@somewhere.example/source.git\n")
    with pytest.raises(ImageError, match=r"line 1: git\+https://\*\*\*@somewhere\.example/source\.git") as caught:
        build(project, base, cache)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "./source",
        "-e ./source",
        "source @ file://{source}",
        "git+https://somewhere.example/source.git",
        "./source-1.0.tar.gz",
        "--no-binary fast",
    ],
)
def test_lines_that_need_a_source_build_are_refused(
    tmp_path: Path, index: Path, base: str, cache: Cache, line: str
) -> None:
    wheel(index, "fast", "py3-none-any", {"fast/__init__.py": b""})
    project = project_with(tmp_path / "p", f"fast\n{line.format(source=tmp_path / 'p' / 'source')}\n")
    (project / "source").mkdir()
    (project / "source" / "setup.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(ImageError, match=r"(?s)never built from source.*line 2: .*\n.*pip wheel"):
        build(project, base, cache)
    assert not (tmp_path / "ran").exists()


def test_an_environment_without_pip(
    tmp_path: Path, index: Path, base: str, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As uv makes them."""
    (tmp_path / "nothing" / "pip").mkdir(parents=True)
    (tmp_path / "nothing" / "pip" / "__init__.py").touch()
    said = "import sys; sys.exit(f'{sys.executable}: No module named pip')\n"
    (tmp_path / "nothing" / "pip" / "__main__.py").write_text(said)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "nothing"))
    project = project_with(tmp_path / "p", "fast\n")
    with pytest.raises(ImageError, match=r"(?s)No module named pip.*ensurepip"):
        build(project, base, cache)
    with pytest.raises(ProjectError, match=r"(?s)No module named pip.*ensurepip"):
        install_requirements_into(tmp_path / "out", project / "requirements.txt")


def test_a_program_in_a_wheel_can_be_started(tmp_path: Path, index: Path, base: str, cache: Cache) -> None:
    """As ffmpeg in imageio-ffmpeg, which that package starts."""
    import tarfile
    import zipfile

    path = wheel(index, "fast", "py3-none-any", {"fast/__init__.py": b""})
    with zipfile.ZipFile(path, "a") as archive:
        program = zipfile.ZipInfo("fast/program")
        program.external_attr = 0o100755 << 16
        archive.writestr(program, b"#!/bin/sh\necho started\n")
    built = build(project_with(tmp_path / "p", "fast\n"), base, cache)
    done = subprocess.run([built.packaged.directory / "fast" / "program"], capture_output=True, text=True, check=True)
    assert done.stdout == "started\n"
    with built.layers[0].layer.open_tar() as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        modes = {member.name.rpartition("/")[2]: oct(member.mode) for member in archive if member.isfile()}
    assert modes == {**dict.fromkeys(modes, "0o644"), "program": "0o755"}
