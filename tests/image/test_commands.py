"""`build`, `push`, `image` and `dockerfile` as a user types them."""

from __future__ import annotations

import json
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iris_model.cli import cli
from iris_model.oci import DOCKER, OCI, Reference, build_layer, file_entry, read_archive, read_layout, write_layout
from iris_model.oci.registry import RegistryClient, anonymous, push
from iris_model.project.caching.user_cache import CACHE_VARIABLE
from tests.support.base_images import base_image
from tests.support.caches import own_cache
from tests.support.registry_fake import FakeRegistry, running


def run(*arguments: object, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    return result


def answer(*arguments: object) -> dict[str, object]:
    document = json.loads(run(*arguments, "--json").stdout)
    assert isinstance(document, dict)
    return document


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The project that `init` makes, with its own base and cache."""
    directory = tmp_path_factory.mktemp("commands")
    write_layout(base_image(), directory / "base")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(own_cache(directory / "cache")))
        run("init", directory / "iris")
        yield directory / "iris"


@pytest.fixture
def base(iris: Path) -> Path:
    return iris.parent / "base"


def test_build_writes_layout_and_documents_and_then_reports_no_change(iris: Path, base: Path) -> None:
    first = answer("build", iris, "--base", base)
    layout = iris / ".iris-model/image"
    assert read_layout(layout).with_family(DOCKER).digest == read_digest(first)
    assert json.loads((iris / ".iris-model/image.cdx.json").read_bytes())["bomFormat"] == "CycloneDX"
    assert json.loads((iris / ".iris-model/image.intoto.json").read_bytes())["_type"].startswith("https://in-toto.io")
    said = run("build", iris, "--base", base).output
    assert f"In Docker's format, for `push` and `--load`, the digest is {first['digest']}." in " ".join(said.split())
    inspected = run("image", "inspect", layout).output
    assert said.split()[0] == inspected.split()[0] == str(read_layout(layout).digest)
    # An archive is in Docker's format, as a push is: then that digest is the first, and the layout's is the detail.
    archive = iris.parent / "both.tar"
    said = run("build", iris, "--base", base, "-o", archive, "-o", layout).output
    assert said.split()[0] == run("image", "inspect", archive).output.split()[0] == str(first["digest"])
    assert f"with the digest {read_layout(layout).digest} in OCI format" in " ".join(said.split())
    assert answer("build", iris, "--base", base)["unchanged"] is True


def read_digest(document: dict[str, object]) -> object:
    from iris_model.oci import Digest

    return Digest.parse(str(document["digest"]))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a model is compiled in its turn, in this process")
def test_a_new_model_on_a_base_in_the_cache_imports_neither_its_library_nor_a_client_of_registries_here(
    iris: Path, tmp_path: Path
) -> None:
    """What takes long to import is imported in the process that compiles, or not at all."""
    program = (
        "import sys; from iris_model.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print(sorted({'numpy', 'sklearn', 'safetensors', 'urllib3', 'rich'} & set(sys.modules)), file=sys.stderr)"
    )
    project = shutil.copytree(iris, tmp_path / "iris", ignore=shutil.ignore_patterns(".iris-model"))
    with running(FakeRegistry()) as registry:
        base = f"{registry.host}/team/base:1"
        push(RegistryClient(registry.host, credentials=anonymous), base_image(), Reference.parse(base))
        first = answer("build", project, "--base", base)
        model = project / "iris_trained_model.pkl"
        estimator = pickle.loads(model.read_bytes())
        estimator[-1].intercept_ += 0.001
        model.write_bytes(pickle.dumps(estimator))
        registry.requests.clear()
        command = [sys.executable, "-c", program, "build", str(project), "--base", base, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert registry.requests == []
    assert done.stderr.splitlines() == ["[]"]
    second = json.loads(done.stdout)
    assert second["executor"] == first["executor"] == "compiled"
    changed = [
        one["name"]
        for one, other in zip(first["layers"], second["layers"], strict=True)
        if one["digest"] != other["digest"]
    ]
    assert changed == ["model"]


def test_outputs_given_on_the_command_line(iris: Path, base: Path, tmp_path: Path) -> None:
    archive, layout = tmp_path / "iris.tar", tmp_path / "layout"
    document = answer("build", iris, "--base", base, "-o", archive, "-o", layout, "-t", "team/iris:3")
    assert read_archive(archive, name="3").config == read_layout(layout, name="3").config
    assert (tmp_path / "iris.tar.cdx.json").exists()
    assert [each["unchanged"] for each in document["outputs"]] == [False, False]  # type: ignore[attr-defined]


def test_sizes(iris: Path, base: Path) -> None:
    lines = run("build", iris, "--base", base, "--sizes").output.splitlines()
    kinds = [line.split()[0] for line in lines if line.startswith(("base", "layer", "file"))]
    assert kinds[:3] == ["base", "layer", "layer"]
    assert "file" in kinds


def test_push_and_push_again_and_push_of_a_layout(iris: Path, base: Path) -> None:
    with running(FakeRegistry()) as registry:
        reference = f"{registry.host}/team/iris:1"
        first = answer("build", iris, "--base", base, "-t", reference, "--push")
        assert registry.tag("team/iris", "1") == first["digest"]
        assert first["push"]["attached"] == ["application/vnd.cyclonedx+json", "application/vnd.in-toto+json"]  # type: ignore[index]
        assert "nothing was sent" in run("build", iris, "--base", base, "-t", reference, "--push").output
        run("build", iris, "--base", base)
        assert "nothing was sent" in run("push", iris / ".iris-model/image", reference).output
        assert "The images run the same way" in run("image", "diff", reference, iris / ".iris-model/image").output


def test_an_image_is_not_written_over_its_base(iris: Path, base: Path) -> None:
    before = read_layout(base).digest
    assert "is an input of this command" in run("build", iris, "--base", base, "-o", base, exit_code=1).output
    assert read_layout(base).digest == before


def test_a_full_disk_and_a_project_that_cannot_be_written(iris: Path, base: Path, tmp_path: Path) -> None:
    """A limit on the size of files says what a full disk says, at the same places."""
    project, blocked = (
        shutil.copytree(iris, tmp_path / name, ignore=shutil.ignore_patterns(".iris-model"))
        for name in ("full", "blocked")
    )
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "from iris_model.cli import cli; cli.main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", program, "build", str(project), "--base", str(base)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert "a bug in iris-model" not in done.stderr
    assert not (project / ".iris-model/image").exists()

    (blocked / ".iris-model").write_text("a file where a directory must be")
    assert ".iris-model: File exists" in run("build", blocked, "--base", base, exit_code=1).output


def test_the_projects_own_layout_has_the_last_build_only(iris: Path, base: Path, tmp_path: Path) -> None:
    """Under whatever names it was built: `status` and `push` read it without one."""
    project = shutil.copytree(iris, tmp_path / "p")
    run("build", project, "--base", base, "-t", "team/iris:1")
    (project / "app.py").write_text((project / "app.py").read_text() + "\nCHANGED = True\n")
    second = answer("build", project, "--base", base, "-t", "team/iris:2")
    layout = project / ".iris-model/image"
    assert read_layout(layout).with_family(DOCKER).digest == read_digest(second)
    several = tmp_path / "several"
    run("build", project, "--base", base, "-t", "a:1", "-o", several)
    run("build", project, "--base", base, "-t", "a:2", "--format", "oci", "-o", several)
    assert answer("image", "inspect", several)["digest"]  # two names of one image
    run("build", iris, "--base", base, "-t", "a:3", "-o", several)
    assert f"Choose one of them: {several}@NAME" in run("image", "inspect", several, exit_code=1).output
    assert answer("image", "inspect", f"{several}@3")["digest"]


@pytest.mark.parametrize(
    ("name", "reference"), [("a__-_b", "a-b"), ("A__b--c_", "a__b--c"), ("___", "model"), ("a___b", "a-b")]
)
def test_a_name_that_no_repository_may_have_gives_one_that_it_may(
    iris: Path, base: Path, tmp_path: Path, name: str, reference: str
) -> None:
    project = shutil.copytree(iris, tmp_path / "p")
    settings = (project / "iris-model.toml").read_text()
    (project / "iris-model.toml").write_text(re.sub(r"(?m)^name = .*", f'name = "{name}"', settings))
    said = answer("build", project, "--base", base, "-o", tmp_path / "image.tar")
    assert said["reference"] == f"docker.io/library/{reference}:latest"


def test_mistakes_on_the_command_line_cost_no_build(iris: Path) -> None:
    assert "-t REGISTRY/REPOSITORY:TAG" in run("build", iris, "--push", exit_code=2).output
    assert "has capitals" in run("build", iris, "-t", "Team/Iris", exit_code=1).output


def test_a_project_is_not_an_image_but_the_hint_names_its_image(iris: Path, base: Path) -> None:
    run("build", iris, "--base", base)
    said = run("image", "inspect", iris, exit_code=1).output
    assert f"{iris} is a project, not an image" in said
    assert f"Pass {iris / '.iris-model/image'}, the image" in said


def test_inspect_says_what_lambda_would_say(iris: Path, base: Path, tmp_path: Path) -> None:
    run("build", iris, "--base", base)
    said = run("image", "inspect", iris / ".iris-model/image").output
    assert "AWS Lambda accepts it" in said
    assert "command      app.handler" in said
    bad = base_image(more=[file_entry("closed", b"")])
    plain = build_layer([file_entry("x", b"1")], level=0)
    write_layout(bad.append_layer(plain), tmp_path / "fine")
    document = answer("image", "inspect", tmp_path / "fine")
    assert document["findings"] == []
    assert "findings" not in answer("image", "inspect", tmp_path / "fine", "--no-check")


def test_push_refuses_what_lambda_would_refuse(tmp_path: Path) -> None:
    import tarfile

    from iris_model.oci import BytesBlob, Descriptor, Layer
    from iris_model.oci.layers import gzip_layer

    with tarfile.open(tmp_path / "layer.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("orphan/file"))
    blob = BytesBlob.of((tmp_path / "layer.tar").read_bytes())
    layer = gzip_layer(Layer(Descriptor(OCI.layer, blob.digest, blob.size), blob.digest, blob))
    write_layout(base_image().append_layer(layer), tmp_path / "image")
    with running(FakeRegistry()) as registry:
        reference = f"{registry.host}/team/bad:1"
        refused = run("push", tmp_path / "image", reference, exit_code=1).output
        assert "orphan/file has no entry for its directory" in refused
        assert not registry.tag("team/bad", "1")
        run("push", tmp_path / "image", reference, "--force")
        assert registry.tag("team/bad", "1")


def test_diff_names_files_and_config(tmp_path: Path) -> None:
    one = base_image()
    other = one.append_layer(build_layer([file_entry("added", b"1"), file_entry("usr/lib64/libc.so.6", b"changed")]))
    write_layout(one, tmp_path / "one")
    write_layout(other.with_config(other.config.with_run(cmd=["x"])), tmp_path / "other")
    document = answer("image", "diff", tmp_path / "one", tmp_path / "other")
    assert list(document["added"]) == ["added"]  # type: ignore[call-overload]
    assert list(document["changed"]) == ["usr/lib64/libc.so.6"]  # type: ignore[call-overload]
    assert document["config"] == {"cmd": [[], ["x"]]}
    assert "+ /added" in run("image", "diff", tmp_path / "one", tmp_path / "other").output


def test_the_dockerfile_of_a_native_function(iris: Path) -> None:
    settings = (iris / "iris-model.toml").read_text()
    try:
        (iris / "iris-model.toml").write_text(
            f'base-image = "scratch"\nruntime = "native"\npython = "3.12"\n{settings}'
        )
        text = run("dockerfile", iris).output
        assert run("dockerfile", iris, "--pinned").output == text, "scratch has no digest"
    finally:
        (iris / "iris-model.toml").write_text(settings)
    assert "ARG BASE_IMAGE=scratch\n" in text
    assert "ARG BUILD_IMAGE=public.ecr.aws/lambda/python:3.12\n" in text, "scratch has no pip to build with"
    assert 'ENTRYPOINT ["/var/task/bootstrap"]\n' in text
    assert "-S" not in text


@pytest.mark.parametrize(
    ("base", "build", "starts_python"),
    [
        # Packages are installed in the first stage, so it needs the Python of the second.
        ("python:3.12-slim", "${BASE_IMAGE}", True),
        ("scratch", "public.ecr.aws/lambda/python:3.13", False),
    ],
)
def test_the_dockerfile_of_either_runtime(iris: Path, base: str, build: str, starts_python: bool) -> None:
    settings = (iris / "iris-model.toml").read_text()
    try:
        (iris / "iris-model.toml").write_text(f'base-image = "{base}"\nruntime = "auto"\n{settings}')
        text = run("dockerfile", iris).output
    finally:
        (iris / "iris-model.toml").write_text(settings)
    assert f"ARG BASE_IMAGE={base}\nARG BUILD_IMAGE={build}\n" in text
    assert 'ENTRYPOINT ["/var/task/bootstrap"]\n' in text
    assert ("RUN test -e /out/bootstrap ||" in text) is starts_python
    assert ("any Linux image with Python" in text) is starts_python


def test_dockerfile(iris: Path, base: Path, tmp_path: Path) -> None:
    assert run("dockerfile", iris).output == (iris / "Dockerfile").read_text()
    assert "not pinned" in run("dockerfile", iris, "--pinned", exit_code=1).output
    settings = (iris / "iris-model.toml").read_text()
    with running(FakeRegistry()) as registry:
        text = f"{registry.host}/lambda/python:3.11"
        image = base_image()
        push(RegistryClient(registry.host, credentials=anonymous), image, Reference.parse(text))
        try:
            (iris / "iris-model.toml").write_text(f'base-image = "{text}"\nhandler = "app.handler"\n{settings}')
            run("build", iris)
            pinned = run("dockerfile", iris, "--pinned").output
        finally:
            (iris / "iris-model.toml").write_text(settings)
    assert f"ARG BASE_IMAGE={text}@{image.digest}\n" in pinned
    assert 'CMD ["app.handler"]\n' in pinned
