"""The image of a project: its layers, its config, the same digest every time, and what is refused."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from iris_model.errors import ImageError, ProjectError
from iris_model.image.assemble import labels, runtime_of
from iris_model.image.bases.base import Base
from iris_model.image.bases.cache import Cache
from iris_model.image.build import BuiltImage, build_image
from iris_model.image.destinations import outputs
from iris_model.image.destinations.publish import publish
from iris_model.image.examine import compare, describe, open_image
from iris_model.image.layers import divide
from iris_model.image.sizes import check_limits
from iris_model.oci import OCI, Platform, Reference, StrictLimits, read_layout, validate, write_layout
from iris_model.oci.registry import RegistryClient, anonymous, push
from iris_model.project import ProjectSettings
from iris_model.project.configuration.settings import read_settings
from iris_model.project.packaging.package import RUNNING_PYTHON
from tests.support.aws_rules.templates import can_snapstart
from tests.support.base_images import base_image
from tests.support.projects import SETTINGS, FakeChoice, write_project
from tests.support.registry_fake import FakeRegistry, running

LABEL = "com.amazonaws.lambda.feature.snapstart"


def build(project: Path, base: str, cache: Cache, **options: object) -> BuiltImage:
    return build_image(project, base=base, cache=cache, connect=connect, **{"choose": FakeChoice(), **options})  # type: ignore[arg-type]


def connect(registry: str) -> RegistryClient:
    return RegistryClient(registry, credentials=anonymous)


def files_of(built: BuiltImage, position: int) -> dict[str, tarfile.TarInfo]:
    with built.image.layers[position].open_tar() as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        return {member.name: member for member in archive}


def test_runtime_below_model_on_the_base(project: Path, base: str, cache: Cache) -> None:
    built = build(project, base, cache)
    assert [each.name for each in built.layers] == ["runtime", "model"]
    assert (runtime_of(built.image), runtime_of(built.base.image)) == ("python", None)
    assert built.image.layers[0].digest == read_layout(Path(base)).layers[0].digest
    runtime, model = files_of(built, 1), files_of(built, 2)
    assert "var/task/iris_model/runtime/__main__.py" in runtime
    assert "var/task/app.py" not in runtime
    tag = "".join(RUNNING_PYTHON.split("."))
    own = {name for name, member in model.items() if member.isfile()}
    expected = {"app.py", f"__pycache__/app.cpython-{tag}.pyc", "model.safetensors", "golden.json", "function.json"}
    assert own == {f"var/task/{name}" for name in expected}
    together = {
        name.removeprefix("var/task/")
        for files in (runtime, model)
        for name, member in files.items()
        if member.isfile()
    }
    directory = built.packaged.directory
    assert together == {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
    assert validate(built.image) == []


def test_the_config_has_handler_and_environment(tmp_path: Path, base: str, cache: Cache) -> None:
    settings = SETTINGS + 'handler = "app.other"\n[environment]\nMODE = "fast"\n'
    project = write_project(tmp_path / "p", {"app.py": "def other(event, context):\n    return 1\n"}, settings=settings)
    config = build(project, base, cache).image.config
    assert config.entrypoint == ("python3", "-S", "/var/task/iris_model/runtime/__main__.py")
    assert (config.cmd, config.working_directory) == (("app.other",), "/var/task")
    assert config.environment["MODE"] == "fast"
    assert config.environment["PATH"].startswith("/var/lang/bin")
    assert config.labels["org.opencontainers.image.title"] == "small"
    assert config.document["created"] == "1980-01-01T00:00:00Z"


def test_a_python_outside_the_path_is_started_by_its_full_path(project: Path, tmp_path: Path, cache: Cache) -> None:
    write_layout(base_image(at="opt/python/bin", path="/usr/bin"), tmp_path / "odd")
    assert build(project, str(tmp_path / "odd"), cache).image.config.entrypoint[0] == "/opt/python/bin/python3.11"


@pytest.mark.parametrize("by", ["build", "Dockerfile"])
def test_a_function_image_is_no_base(project: Path, base: str, cache: Cache, tmp_path: Path, by: str) -> None:
    """Sources of an older runtime in it would be imported in place of this one's bytecode."""
    older = build(project, base, cache).image
    if by == "Dockerfile":
        older = older.with_config(older.config.with_run(labels={}))
    write_layout(older, tmp_path / "older")
    with pytest.raises(ImageError, match=r"base .*older: it is the image of another iris-model function.*\n.*--base"):
        build(project, str(tmp_path / "older"), cache)


def test_same_project_same_digest_wherever_and_whenever(project: Path, base: str, cache: Cache, tmp_path: Path) -> None:
    first = build(project, base, cache)
    elsewhere = tmp_path / "elsewhere" / "copy"
    shutil.copytree(project, elsewhere, ignore=shutil.ignore_patterns(".iris-model"))
    second = build(elsewhere, base, Cache(tmp_path / "other cache"))
    assert second.image.digest == first.image.digest
    assert not any(each.unchanged for each in second.layers)


def test_a_second_build_does_nothing(project: Path, base: str, cache: Cache) -> None:
    choice, layout = FakeChoice(), project / ".iris-model/image"
    first = build(project, base, cache, choose=choice)
    assert outputs.put_layout(first.image, layout, "latest")
    second = build(project, base, cache, choose=choice)
    assert choice.calls == 1
    assert all(each.unchanged for each in second.layers)
    assert not outputs.put_layout(second.image, layout, "latest")
    assert read_layout(layout, name="latest").digest == second.image.with_family(OCI).digest


def test_a_new_model_changes_one_layer_and_old_blobs_go(project: Path, base: str, cache: Cache) -> None:
    layout = project / ".iris-model/image"
    before = build(project, base, cache)
    outputs.put_layout(before.image, layout, "latest")
    (project / "model.pkl").write_bytes(b"another model")
    after = build(project, base, cache)
    assert [each.unchanged for each in after.layers] == [True, False]
    outputs.put_layout(after.image, layout, "latest")
    outputs.remove_unnamed_blobs(layout)
    assert len(list((layout / "blobs/sha256").iterdir())) == 1 + 1 + len(after.image.layers)
    assert validate(read_layout(layout)) == []
    found = compare(before.image, after.image)
    assert found.new_bytes == after.layers[-1].layer.size
    assert set(found.changed) == {"var/task/model.safetensors", "var/task/function.json"}
    assert (found.added, found.removed, found.config) == ({}, {}, {})


def test_arm64_from_here(project: Path, tmp_path: Path, cache: Cache) -> None:
    write_layout(base_image("3.13", platform=Platform("linux", "arm64")), tmp_path / "arm")
    built = build(project, str(tmp_path / "arm"), cache, architecture="arm64")
    assert str(built.image.platform) == "linux/arm64"
    function = json.loads((built.packaged.directory / "function.json").read_text())
    assert (function["architecture"], function["python"]) == ("arm64", "3.13")
    if RUNNING_PYTHON != "3.13" and not shutil.which("python3.13"):
        assert not list(built.packaged.directory.rglob("*.pyc"))
        assert "no bytecode" in built.notes[0]


def test_both_families_hold_the_same_layers(project: Path, base: str, cache: Cache) -> None:
    docker, oci = build(project, base, cache).image, build(project, base, cache, family=OCI).image
    assert [layer.digest for layer in docker.layers] == [layer.digest for layer in oci.layers]
    assert "docker" in docker.manifest.media_type
    assert oci.manifest.media_type == "application/vnd.oci.image.manifest.v1+json"


@pytest.mark.parametrize(
    ("python", "said", "message"),
    [
        ("3.12", 'python = "3.13"', r"Python is 3.12, but iris-model.toml has python = \"3.13\""),
        ("3.9", "", "Python is 3.9, expected 3.11 or later"),
    ],
)
def test_a_base_image_with_another_python_version_is_refused(
    tmp_path: Path, cache: Cache, python: str, said: str, message: str
) -> None:
    write_layout(base_image(python), tmp_path / "base")
    project = write_project(tmp_path / "p", settings=f"{SETTINGS}{said}\n")
    with pytest.raises(ImageError, match=message):
        build(project, str(tmp_path / "base"), cache)


def test_a_budget_fails_the_build_and_says_what_is_big(tmp_path: Path, base: str, cache: Cache) -> None:
    settings = f"{SETTINGS}include = ['big.bin']\n[budgets]\nimage-layers-kib = 100\n"
    noise = bytes(range(256)) * 400
    import random

    project = write_project(tmp_path / "p", {"big.bin": random.Random(1).randbytes(300_000) + noise}, settings=settings)
    with pytest.raises(ImageError, match=r"(?s)image-layers-kib allows 100.*file big.bin"):
        build(project, base, cache)


def test_limits_of_lambda(project: Path, base: str, cache: Cache) -> None:
    built = build(project, base, cache)
    check_limits(built.sizes, built.settings.budgets)
    with pytest.raises(ImageError, match="Lambda accepts at most"):
        check_limits(built.sizes, built.settings.budgets, StrictLimits(uncompressed=1000))
    with pytest.raises(ImageError, match="its manifest has"):
        check_limits(built.sizes, built.settings.budgets, StrictLimits(manifest=100))


def test_the_largest_of_a_budget_is_lambdas_own(tmp_path: Path) -> None:
    project = write_project(tmp_path, settings=f"{SETTINGS}[budgets]\nimage-mib = 20000\n")
    with pytest.raises(ProjectError, match="10240"):
        build_image(project)


def test_the_layer_of_packages_has_no_files_of_the_project_or_of_iris_model() -> None:
    own = ["app.py", "__pycache__/app.cpython-311.pyc", "lib/features.py", "lib/__pycache__/features.cpython-311.pyc"]
    packages = ["six.py", "__pycache__/six.cpython-311.pyc", "numpy/__init__.py"]
    paths = [*own, *packages, "iris_model/__init__.pyc", "function.json"]
    parts = divide(paths, ["app.py", "lib/features.py", "function.json"])
    assert parts["packages"] == sorted(packages)
    assert parts["runtime"] == ["iris_model/__init__.pyc"]
    assert parts["model"] == sorted([*own, "function.json"])


def test_a_push_never_downloads_the_base_and_attaches_what_is_known(project: Path, cache: Cache) -> None:
    with running(FakeRegistry()) as registry:
        text = f"{registry.host}/lambda/python:3.11"
        image = base_image()
        image = image.with_config(image.config.with_run(environment={"PATH": "/var/lang/bin:/usr/bin"}))
        push(connect(registry.host), image, Reference.parse(text))
        registry.requests.clear()
        built = build(project, text, cache)
        reference = Reference.parse(f"{registry.host}/team/small:1")
        documents = {"application/vnd.cyclonedx+json": b"{}"}
        first = publish(built.image, reference, documents=documents, base=built.base.reference, connect=connect)
        layer = str(image.layers[0].digest)
        assert not registry.asked("GET", layer)
        assert first.report.mounted == (image.layers[0].digest,)
        assert len(first.report.uploaded) == 3  # runtime, model, config
        assert first.attached == ("application/vnd.cyclonedx+json",) or first.note
        again = publish(built.image, reference, documents=documents, base=built.base.reference, connect=connect)
        assert again.report.unchanged
        assert not registry.asked("GET", layer)


def test_describe_and_open(
    project: Path, base: str, cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = build(project, base, cache)
    outputs.put_archive(built.image, tmp_path / "i.tar", Reference.parse("small:1"), tmp_path / "memory")
    assert not outputs.put_archive(built.image, tmp_path / "i.tar", Reference.parse("small:1"), tmp_path / "memory")
    found = describe(open_image(str(tmp_path / "i.tar")))
    assert found["digest"] == str(built.image.digest)
    assert found["findings"] == []
    assert [each["created_by"] for each in found["layers"]][1:] == [
        "iris-model build: runtime",
        "iris-model build: model and handler",
    ]
    with pytest.raises(ImageError, match="no such file"):
        open_image("./nothing.tar")
    monkeypatch.chdir(project.parent)
    with pytest.raises(ImageError, match=r"project/\.iris-model/nothing: no such file or directory"):
        open_image("project/.iris-model/nothing")


def test_settings_of_another_stage(project: Path, base: str, cache: Cache) -> None:
    from dataclasses import replace

    from iris_model.project import read_settings

    settings: ProjectSettings = replace(read_settings(project), environment={"STAGE": "beta"})
    assert build(project, base, cache, settings=settings).image.config.environment["STAGE"] == "beta"


@pytest.mark.parametrize("path", ["", "/opt/nothing", "/usr/local/bin:/usr/bin"])
def test_the_digest_does_not_depend_on_whether_the_base_was_opened_before(
    tmp_path: Path, project: Path, cache: Cache, path: str
) -> None:
    """An SBOM opens the base after the first build. What is known then must not change how Python is started."""
    image = base_image("3.11", path=path, environment={"PYTHON_VERSION": "3.11.9"})
    write_layout(image, tmp_path / "base")
    first = build(project, str(tmp_path / "base"), cache)
    assert first.base.facts.python == "3.11"
    again = build(project, str(tmp_path / "base"), cache)
    assert again.image.digest == first.image.digest
    assert first.image.config.entrypoint[0] == ("python3" if "/usr/bin" in path else "/usr/bin/python3.11")


@pytest.mark.parametrize(
    "name", ["public.ecr.aws/lambda/python:3.12", "public.ecr.aws/lambda/python:3.11", "own:1", None]
)
def test_the_label_that_snapstart_wants_is_on_every_base(
    tmp_path: Path, base: str, cache: Cache, name: str | None
) -> None:
    project = write_project(tmp_path / "p", {}, settings=SETTINGS + "snapstart = true\n")
    image = read_layout(Path(base))
    settings = read_settings(project)
    found = labels(settings, Base(name or base, image, "x86_64", cache, Reference.parse(name) if name else None))
    assert can_snapstart(name or base, found)
    assert found[LABEL] == "Allow"  # the entry point is ours, and not that of AWS's base
    assert LABEL not in labels(read_settings(write_project(tmp_path / "q", {})), Base(base, image, "x86_64", cache))
