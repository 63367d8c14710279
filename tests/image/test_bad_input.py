"""Errors of `build` and `push`, as a user sees them: one message with the thing, its value, what was expected and a hint; exit
code 1, or 2 for a mistake on the command line; no incomplete files, and no traceback.

`pytest -s` shows each message.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from iris_model.cli import cli
from iris_model.oci import Platform, Reference, build_layer, file_entry, write_layout
from iris_model.oci.registry import RegistryClient, anonymous, push
from tests.support.base_images import as_machine, base_image
from tests.support.registry_fake import FakeRegistry, running
from tests.support.registry_faults import Answers
from tests.support.spread import spread

LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (24_000, 24_000)); from iris_model.cli import main; main()"


class Said(NamedTuple):
    """The exit code and the output of a command."""

    status: int
    stdout: str
    stderr: str


@dataclass
class Place:
    """Where one case happens: a project, bases on disk, a cache, a registry."""

    project: Path
    bases: Path
    cache: Path
    registry: FakeRegistry
    program: str = ""
    """Python to run it with in a process of its own; empty for this process."""

    @property
    def host(self) -> str:
        return self.registry.host

    def set(self, *lines: str) -> None:
        """Put lines before those of `iris-model.toml`, or a table after them."""
        settings = self.project / "iris-model.toml"
        keys = [line for line in lines if not line.startswith("[")]
        tables = [line for line in lines if line.startswith("[")]
        settings.write_text("\n".join([*keys, settings.read_text(), *tables]))

    def run(self, arguments: list[str]) -> Said:
        environment = {"IRIS_MODEL_CACHE": str(self.cache), "DOCKER_CONFIG": str(self.project.parent)}
        if self.program:
            done = subprocess.run(
                [sys.executable, "-c", self.program, *arguments],
                capture_output=True,
                text=True,
                timeout=120,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **environment},
            )
            said = Said(done.returncode, done.stdout, done.stderr)
        else:
            result = CliRunner().invoke(cli, arguments, prog_name="iris-model", env=environment)
            said = Said(result.exit_code, result.stdout, result.stderr)
        print(f"\n$ iris-model {' '.join(arguments)}\n{said.stdout}{said.stderr}[{said.status}]")
        return said


@dataclass(frozen=True)
class Case:
    """The command, the fault that was prepared, and the expected parts of the message."""

    name: str
    arguments: str
    says: tuple[str, ...]
    way_out: str
    prepare: Callable[[Place], object] = field(default=lambda place: None)
    status: int = 1


def fail_with(status: int, code: str, message: str, *methods: str) -> Callable[[Place], object]:
    def prepare(place: Place) -> None:
        place.registry.faults += [
            Answers(method, "/v2/", times=100, status=status, code=code, message=message) for method in methods
        ]

    return prepare


def unwritable_cache(place: Place) -> None:
    (place.project.parent / "file").write_text("no directory")
    place.cache = place.project.parent / "file" / "cache"


def huge_base(place: Place) -> None:
    """A base that seems to have more than 10 GB: the cache contains a changed size."""
    place.cache = place.project.parent / "cache"
    place.run(["build", str(place.project), "--base", str(place.bases / "good")])
    shutil.rmtree(place.project / ".iris-model")
    [facts] = (place.cache / "facts").iterdir()
    facts.write_text(json.dumps({**json.loads(facts.read_text()), "uncompressed_bytes": 10500 << 20}))


def forgotten_base(place: Place) -> None:
    """The tag was moved to another image, and the registry deleted the old one."""
    reference = f"{place.host}/lambda/python:3.11"
    place.run(["build", str(place.project), "--base", reference])
    shutil.rmtree(place.project / ".iris-model")
    place.registry.repositories["lambda/python"].manifests.clear()
    place.cache = place.project.parent / "another"


def full_disk(place: Place) -> None:
    """A limit on file sizes causes the same errors as a full disk. tests/e2e has a disk that is really full."""
    place.program = LIMITED


BUILD = "build PROJECT --base BASES/good"
PUSH = f"{BUILD} --push -t HOST/team/iris:1"
READER = "User: arn:aws:iam::1:user/reader is not authorized to perform: ecr:InitiateLayerUpload"

CASES = [
    Case(
        "no such base on disk", "build PROJECT --base ./nowhere.tar", ("base ./nowhere.tar", "no such file"), "Pass an"
    ),
    Case(
        "base is no image",
        "build PROJECT --base PROJECT/app.py",
        ("base PROJECT/app.py", "it is not an image: it is not a tar file", "expected an OCI layout or an archive"),
        "docker save",
    ),
    Case(
        "no such base in the registry",
        "build PROJECT --base HOST/nobody/python:3.11",
        ("base HOST/nobody/python:3.11", "404", "no repository nobody/python"),
        "--base, or in base-image",
    ),
    Case(
        "no such tag of the base",
        "build PROJECT --base HOST/lambda/python:3.12",
        ("HOST/lambda/python:3.12", "python:3.12: the repository has no tag '3.12'", "similar tags: 3.11"),
        "Choose one of these",
    ),
    Case(
        "base for another processor",
        "build PROJECT --base BASES/good --arch arm64",
        ("base BASES/good", "linux/amd64", "expected linux/arm64"),
        "--arch",
    ),
    Case(
        "base of the right name with the Python of another processor",
        "build PROJECT --base BASES/mixed --arch arm64",
        ("base BASES/mixed", "its Python is a program for x86_64", "expected arm64"),
        "Choose a base",
    ),
    Case(
        "base with another Python than the project",
        BUILD,
        ("base BASES/good", "its Python is 3.11", 'iris-model.toml has python = "3.13"'),
        'set python = "3.11"',
        lambda place: place.set('python = "3.13"'),
    ),
    Case(
        "base with an old Python",
        "build PROJECT --base BASES/old",
        ("base BASES/old", "its Python is 3.9", "expected 3.11 or later"),
        "public.ecr.aws/lambda/python:3.13",
    ),
    Case(
        "distroless base without Python",
        "build PROJECT --base BASES/distroless",
        ("base BASES/distroless", "no Python 3 was found"),
        "public.ecr.aws/lambda/python:3.13",
    ),
    Case("tag with capitals", f"{BUILD} -t Team/Iris:1", ("Team/Iris", "capitals"), "team/iris"),
    Case("tag with a space", f"{BUILD} -t iris:a@b", ("iris:a@b",), "sha256:"),
    Case(
        "push without a name", f"{BUILD} --push", ("--push requires the name",), "-t REGISTRY/REPOSITORY:TAG", status=2
    ),
    Case(
        "function beyond its budget",
        BUILD,
        ("the function directory has", "budgets.function-directory-kib allows 100", "the largest files are"),
        "raise the budget",
        lambda place: place.set("[budgets]\nfunction-directory-kib = 100"),
    ),
    Case(
        "layers beyond their budget",
        BUILD,
        ("the image is too large", "budgets.image-layers-kib allows 5", "layer runtime: "),
        "raise the budget",
        lambda place: place.set("[budgets]\nimage-layers-kib = 5"),
    ),
    Case(
        "image beyond what Lambda takes",
        BUILD,
        (
            "the image is too large",
            "uncompressed it has 10500.3 MiB",
            "Lambda accepts at most 10240.0 MiB",
            "base BASES/good",
        ),
        "choose a smaller base",
        lambda place: huge_base(place),
    ),
    Case(
        "base that the lock pins and the registry has no more",
        "build PROJECT --base HOST/lambda/python:3.11",
        ("base HOST/lambda/python:3.11", "iris-model.lock pins sha256:", "no longer has"),
        "build --update",
        lambda place: forgotten_base(place),
    ),
    Case("full disk", BUILD, ("PROJECT", "cannot be written: File too large"), "write to another disk", full_disk),
    Case(
        "unwritable cache",
        BUILD,
        ("the cache", "cannot be written", "Not a directory"),
        "IRIS_MODEL_CACHE=",
        unwritable_cache,
    ),
    Case(
        "no login",
        PUSH,
        ("HOST/team/iris", "401"),
        "docker login HOST",
        fail_with(401, "UNAUTHORIZED", "authentication required", "HEAD", "GET"),
    ),
    Case(
        "no permission to look",
        PUSH,
        ("HOST/team/iris:1", "403", "you may not"),
        "Request the permission",
        fail_with(403, "DENIED", "you may not", "HEAD", "GET"),
    ),
    Case(
        "no permission to push",
        PUSH,
        ("push HOST/team/iris@sha256:", "403", READER, "Nothing was tagged: HOST/team/iris:1 was not created"),
        "Request the permission",
        fail_with(403, "DENIED", READER, "POST"),
    ),
    Case(
        "no such repository",
        PUSH,
        ("HOST/team/iris", "404", "Nothing was tagged"),
        "create the repository first",
        lambda place: setattr(place.registry, "create_on_push", False),
    ),
]


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("bases")
    program = Path(sys.executable).resolve().read_bytes()
    arm = base_image("", platform=Platform("linux", "arm64"))
    mixed = arm.append_layer(build_layer([file_entry("usr/bin/python3.11", as_machine(program, 62), executable=True)]))
    images = {"good": base_image(), "old": base_image("3.9"), "distroless": base_image(""), "mixed": mixed}
    for name, image in images.items():
        write_layout(image, directory / name)
    return directory


@pytest.fixture(scope="module")
def flowers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `init` makes."""
    directory = tmp_path_factory.mktemp("flowers")
    assert CliRunner().invoke(cli, ["init", str(directory / "iris")]).exit_code == 0
    return directory / "iris"


@pytest.fixture
def place(tmp_path: Path, flowers: Path, bases: Path) -> Iterator[Place]:
    shutil.copytree(flowers, tmp_path / "iris")
    # Without the native executable a function is small: the sizes in these cases are those of the images.
    settings = tmp_path / "iris/iris-model.toml"
    settings.write_text(f'runtime = "python"\n{settings.read_text()}')
    with running(FakeRegistry()) as registry:
        client = RegistryClient(registry.host, credentials=anonymous)
        push(client, base_image(), Reference.parse(f"{registry.host}/lambda/python:3.11"))
        # Compiled once for all: nothing here is about the model.
        yield Place(tmp_path / "iris", bases, Path(os.environ["IRIS_MODEL_CACHE"]), registry)


def files_of(directory: Path) -> dict[str, bytes]:
    """All files except caches, which may change at any time."""
    again = (".iris-model/functions", ".iris-model/layers", ".iris-model/stamps", ".iris-model/.gitignore")
    found = {path.relative_to(directory).as_posix(): path for path in directory.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not name.startswith(again)}


@pytest.mark.parametrize("case", spread(CASES, 2), ids=lambda case: case.name)
def test_bad_input_gives_one_message_with_a_hint(case: Case, place: Place) -> None:
    case.prepare(place)
    names = {"PROJECT": str(place.project), "BASES": str(place.bases), "HOST": place.host}

    def fill(text: str) -> str:
        for name, value in names.items():
            text = text.replace(name, value)
        return text

    before = files_of(place.project)
    done = place.run([fill(each) for each in case.arguments.split()])
    assert done.status == case.status
    # The failure of a push is printed after the built image.
    assert ("\n" in done.stdout) == ("--push" in case.arguments and case.status == 1)
    problem, _, _ = done.stderr.partition(fill(case.way_out))
    assert problem != done.stderr, "no hint"
    for part in case.says:
        assert fill(part) in problem
    assert "Traceback" not in done.stderr
    assert "a bug in iris-model" not in done.stderr
    # A push that fails has built the image; its documents are next to the path that it would have on disk.
    written = {name for name, data in files_of(place.project).items() if before.get(name) != data}
    assert written <= (
        {".iris-model/image.cdx.json", ".iris-model/image.intoto.json"} if "--push" in case.arguments else set()
    )
    assert not [path for path in place.project.rglob(".*.*") if path.name not in (".gitignore", ".dockerignore")]
    assert place.registry.tag("team/iris", "1") == ""


@pytest.mark.slow
def test_an_image_over_the_budget_is_refused_before_compression(place: Place) -> None:
    huge_base(place)
    assert place.run(["build", str(place.project), "--base", str(place.bases / "good")]).status == 1
    assert (place.project / ".iris-model/functions").is_dir()
    assert not (place.project / ".iris-model/layers").exists()


def test_a_base_without_a_shell_is_a_base(place: Place) -> None:
    """A distroless image with Python is accepted, because our entry point needs no shell."""
    done = place.run(["build", str(place.project), "--base", str(place.bases / "good"), "--json"])
    assert done.status == 0
    assert json.loads(done.stdout)["base"]["python"] == "3.11"
