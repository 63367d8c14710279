"""Our registry client and image formats against programs that are not ours: Debian's docker-registry, skopeo, umoci and Docker
Engine. What we write they read, what they write we read, to the digest."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from iris_model.errors import ManifestNotFound, RegistryDenied, RegistryUnreachable, RepositoryNotFound
from iris_model.oci import (
    DOCKER,
    OCI,
    Image,
    MediaTypes,
    Platform,
    Reference,
    build_layer,
    file_entry,
    read_archive,
    read_image,
    read_layout,
    validate,
    write_archive,
    write_layout,
)
from iris_model.oci.progress import Progress
from iris_model.oci.registry import (
    Credentials,
    DockerConfig,
    RegistryClient,
    Retries,
    UploadSettings,
    anonymous,
    fixed,
    pull,
    push,
)
from tests.oci.samples import sample_image
from tests.support.cutting_proxy import cutting_proxy
from tests.support.docker_base import plain_base
from tests.support.docker_engine import docker, engine, run_once
from tests.support.docker_registry import RealRegistry, docker_registry, program
from tests.support.requirement import require
from tests.support.token_server import token_server

pytestmark = pytest.mark.e2e

PASSWORD = "correct-horse-battery"
FAMILIES = pytest.mark.parametrize("family", [DOCKER, OCI], ids=["docker", "oci"])


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    """An open registry."""
    require(lambda: program("docker-registry"))
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(scope="module")
def closed_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    """A registry with a password."""
    require(lambda: program("htpasswd"))
    with docker_registry(tmp_path_factory.mktemp("closed"), user="ada", password=PASSWORD) as running:
        yield running


@pytest.fixture
def client(registry: RealRegistry) -> RegistryClient:
    return RegistryClient(registry.host, credentials=anonymous)


def skopeo(*arguments: str, fails: bool = False) -> str:
    command = [require(lambda: program("skopeo")), "--insecure-policy", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert fails or done.returncode == 0, done.stderr
    return done.stdout


def big_image(family: MediaTypes = DOCKER) -> Image:
    """One layer of 3 MB that does not compress."""
    return Image.empty(Platform(), family).append_layer(
        build_layer([file_entry("data", os.urandom(3_000_000))], level=1)
    )


@FAMILIES
def test_skopeo_pulls_what_we_push(
    registry: RealRegistry, client: RegistryClient, family: MediaTypes, tmp_path: Path
) -> None:
    image = sample_image(b"one", b"two", family=family)
    name = f"{registry.host}/team/{family.name}:1"
    push(client, image, Reference.parse(name))
    seen = json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{name}"))
    assert seen["Digest"] == str(image.digest)
    assert seen["Layers"] == [str(layer.digest) for layer in image.layers]
    skopeo("copy", "--src-tls-verify=false", f"docker://{name}", f"oci:{tmp_path}/layout:1")
    found = read_layout(tmp_path / "layout", name="1")
    assert validate(found) == []
    assert [layer.digest for layer in found.layers] == [layer.digest for layer in image.layers]


def test_we_pull_what_skopeo_pushes(registry: RealRegistry, client: RegistryClient, tmp_path: Path) -> None:
    image = sample_image(b"three", b"four", family=OCI)
    write_layout(image, tmp_path / "layout", name="1")
    name = f"{registry.host}/skopeo/model"
    copy = ["copy", "--dest-tls-verify=false", f"oci:{tmp_path}/layout:1"]
    skopeo(*copy, "--preserve-digests", f"docker://{name}:oci")
    skopeo(*copy, "--format", "v2s2", f"docker://{name}:docker")
    found = pull(client, Reference.parse(f"{name}:oci"))
    assert found.digest == image.digest
    assert validate(found) == []
    converted = pull(client, Reference.parse(f"{name}:docker"))
    assert converted.family is DOCKER
    assert converted.layers == image.with_family(DOCKER).layers  # what skopeo converts to is what we convert to


def test_layers_are_mounted_and_not_sent_twice(registry: RealRegistry, client: RegistryClient) -> None:
    image = big_image()
    push(client, image, Reference.parse(f"{registry.host}/mount/base:1"))
    base = pull(client, Reference.parse(f"{registry.host}/mount/base:1"))
    more = base.append_layer(build_layer([file_entry("model", b"new")]))
    report = push(client, more, Reference.parse(f"{registry.host}/mount/model:1"))
    assert report.mounted == (image.layers[0].digest,)
    assert report.bytes_sent < 3000
    assert push(client, more, Reference.parse(f"{registry.host}/mount/model:1")).unchanged


@pytest.mark.parametrize(
    ("cuts", "settings"),
    [
        ((100_000,), UploadSettings()),
        ((1_500_000, 700_000, 90_000), UploadSettings(chunk=1 << 20, monolithic=1 << 20)),
        ((2_900_000, 10), UploadSettings(chunk=1 << 20, monolithic=1 << 20)),
    ],
    ids=["whole", "chunks", "at the end"],
)
def test_a_broken_connection_is_resumed(
    registry: RealRegistry, cuts: tuple[int, ...], settings: UploadSettings
) -> None:
    with cutting_proxy(registry.port, *cuts) as proxy:
        host = f"127.0.0.1:{proxy.port}"
        client = RegistryClient(host, credentials=anonymous, retries=Retries(first_wait=0.05))
        image = big_image()
        push(client, image, Reference.parse(f"{host}/broken:1"), settings=settings)
        assert proxy.happened == len(cuts)
        assert validate(pull(client, Reference.parse(f"{host}/broken:1"))) == []


def test_a_registry_that_dies_between_blobs(tmp_path: Path) -> None:
    require(lambda: program("docker-registry"))
    old = sample_image(b"old")
    new = old.append_layer(build_layer([file_entry("a", b"1")])).append_layer(build_layer([file_entry("b", b"2")]))
    retries = Retries(sleep=lambda seconds: None)
    with docker_registry(tmp_path) as registry:
        client = RegistryClient(registry.host, credentials=anonymous, retries=retries)
        push(client, old, Reference.parse(f"{registry.host}/dies:1"))

        def kill_after_the_first(progress: Progress) -> None:
            if progress.state == "uploaded":
                registry.kill()

        with pytest.raises(RegistryUnreachable) as caught:
            push(client, new, Reference.parse(f"{registry.host}/dies:1"), jobs=1, report=kill_after_the_first)
        assert f"still refers to {old.digest}" in caught.value.problem
    with docker_registry(tmp_path) as registry:
        client = RegistryClient(registry.host, credentials=anonymous)
        reference = Reference.parse(f"{registry.host}/dies:1")
        assert pull(client, reference).digest == old.digest
        report = push(client, new, reference)
        assert set(report.present) == {old.layers[0].digest, new.layers[1].digest}
        assert validate(pull(client, reference)) == []


def test_tags_unknown_names_and_deleting(registry: RealRegistry, client: RegistryClient) -> None:
    repository = Reference.parse(f"{registry.host}/tags/model").repository
    image = sample_image(b"tags")
    for tag in ("1.0", "1.1", "stable"):
        push(client, image, Reference(repository, tag))
    listed = json.loads(skopeo("list-tags", "--tls-verify=false", f"docker://{repository}"))["Tags"]
    assert sorted(client.tags(repository)) == sorted(listed) == ["1.0", "1.1", "stable"]
    with pytest.raises(ManifestNotFound, match="similar tags: stable"):
        pull(client, Reference(repository, "stabel"))
    with pytest.raises(RepositoryNotFound):
        pull(client, Reference.parse(f"{registry.host}/tags/nobody:1"))
    client.delete_manifest(repository, image.digest)
    assert client.find_manifest(repository, "1.0") is None
    assert skopeo("inspect", "--tls-verify=false", f"docker://{repository}:1.0", fails=True) == ""


def test_with_a_password(closed_registry: RealRegistry, tmp_path: Path) -> None:
    reference = Reference.parse(f"{closed_registry.host}/model:1")
    image = sample_image(b"closed")
    for wrong in (anonymous, fixed(Credentials("ada", "guess-guess"))):
        with pytest.raises(RegistryDenied, match="401"):
            push(RegistryClient(closed_registry.host, credentials=wrong), image, reference)
    environment = {**os.environ, "DOCKER_CONFIG": str(tmp_path)}
    require(engine)
    login = ["docker", "login", "--username", "ada", "--password-stdin", closed_registry.host]
    subprocess.run(login, input=PASSWORD, text=True, check=True, capture_output=True, timeout=60, env=environment)
    client = RegistryClient(closed_registry.host, credentials=DockerConfig(environment=environment))
    push(client, image, reference)
    assert pull(client, reference).digest == image.digest


def test_with_tokens(tmp_path: Path) -> None:
    """The registry verifies what the token says, so that every request must have asked for the right scope."""
    require(lambda: program("docker-registry"))
    with (
        token_server(tmp_path, "ada", PASSWORD) as tokens,
        docker_registry(tmp_path, tokens=tokens) as registry,
    ):
        known = RegistryClient(registry.host, credentials=fixed(Credentials("ada", PASSWORD)))
        stranger = RegistryClient(registry.host, credentials=anonymous)
        guesser = RegistryClient(registry.host, credentials=fixed(Credentials("ada", "guess-guess")))
        reference, image = Reference.parse(f"{registry.host}/team/base:1"), big_image()
        push(known, image, reference)
        assert validate(pull(stranger, reference)) == []
        with pytest.raises(RegistryDenied, match="401"):
            push(stranger, image, Reference(reference.repository, "2"))
        with pytest.raises(RegistryDenied, match="requesting a token"):
            pull(guesser, reference)
        more = pull(known, reference).append_layer(build_layer([file_entry("model", b"m")]))
        assert push(known, more, Reference.parse(f"{registry.host}/team/model:1")).mounted == (image.layers[0].digest,)
        assert "repository:team/base:pull" in tokens.scopes
        assert known.tags(reference.repository) == ["1"]
        with pytest.raises(RegistryDenied):
            stranger.delete_manifest(reference.repository, image.digest)
        known.delete_manifest(reference.repository, image.digest)
        with pytest.raises(ManifestNotFound):
            pull(stranger, reference)


@FAMILIES
def test_skopeo_and_umoci_read_our_layouts_and_archives(family: MediaTypes, tmp_path: Path) -> None:
    image = sample_image(b"one", b"two", family=family)
    write_layout(image, tmp_path / "layout", name="1")
    write_archive(image, tmp_path / "image.tar", names=[Reference.parse("model:1")])
    assert json.loads(skopeo("inspect", f"oci-archive:{tmp_path}/image.tar"))["Digest"] == str(image.digest)
    # A layout is always in OCI's words: skopeo and umoci know no others there.
    assert json.loads(skopeo("inspect", f"oci:{tmp_path}/layout:1"))["Digest"] == str(image.with_family(OCI).digest)
    assert read_layout(tmp_path / "layout").with_family(family).digest == image.digest
    seen = json.loads(skopeo("inspect", "--config", f"docker-archive:{tmp_path}/image.tar:model:1"))
    assert seen["rootfs"]["diff_ids"] == [str(layer.diff_id) for layer in image.layers]
    command = [require(lambda: program("umoci")), "unpack", "--rootless", "--image", f"{tmp_path}/layout:1"]
    subprocess.run([*command, str(tmp_path / "bundle")], check=True, capture_output=True, timeout=60)
    task = tmp_path / "bundle" / "rootfs" / "var" / "task"
    assert {path.name: path.read_bytes() for path in task.iterdir()} == {
        "file0.py": b"one",
        "file1.py": b"two",
        "link0": b"one",
        "link1": b"one",
    }


def test_we_read_what_skopeo_writes(tmp_path: Path) -> None:
    image = sample_image(b"one", b"two", family=OCI)
    write_layout(image, tmp_path / "ours", name="1")
    for kind in ("oci", "oci-archive", "docker-archive"):
        path = tmp_path / kind
        skopeo("copy", f"oci:{tmp_path}/ours:1", f"{kind}:{path}:model:1")
        found = read_image(path)
        assert found.config.diff_ids == image.config.diff_ids
        assert validate(found.with_gzip_layers()) == []


def test_umoci_writes_and_we_read(tmp_path: Path) -> None:
    umoci = require(lambda: program("umoci"))
    layout = tmp_path / "layout"
    write_layout(sample_image(b"one", family=OCI), layout, name="1")
    bundle = tmp_path / "bundle"

    def run(*arguments: str) -> None:
        subprocess.run([umoci, *arguments], check=True, capture_output=True, timeout=60)

    run("unpack", "--rootless", "--image", f"{layout}:1", str(bundle))
    (bundle / "rootfs" / "opt").mkdir()
    (bundle / "rootfs" / "opt" / "more").write_text("from umoci")
    run("repack", "--image", f"{layout}:2", str(bundle))
    found = read_layout(layout, name="2")
    assert validate(found) == []
    assert found.layers[0].digest == sample_image(b"one").layers[0].digest
    assert len(found.layers) == 2


def test_docker_loads_pushes_and_runs(registry: RealRegistry, client: RegistryClient, tmp_path: Path) -> None:
    """A base from `docker save`, our layer on top, back through `docker load` and `docker pull`; both images run."""
    base_name = require(lambda: plain_base("3.11"))
    docker("save", "--output", str(tmp_path / "base.tar"), base_name, timeout=120)
    base = read_archive(tmp_path / "base.tar")
    layer = build_layer([file_entry("opt/hello.py", b"print('hello from a layer')\n")])
    image = base.append_layer(layer, created_by="iris-model")
    image = image.with_config(image.config.with_run(cmd=["python3", "/opt/hello.py"]))
    loaded = Reference.parse("iris-model-test/oci-loaded:1")
    write_archive(image, tmp_path / "image.tar", names=[loaded])
    docker("load", "--input", str(tmp_path / "image.tar"), timeout=120)
    try:
        assert docker("run", "--rm", "iris-model-test/oci-loaded:1").stdout == "hello from a layer\n"
        assert run_once("iris-model-test/oci-loaded:1", "stat", "-c", "%a %U", "/opt/hello.py") == "644 root\n"
    finally:
        docker("rmi", "--force", "iris-model-test/oci-loaded:1")
    packed = image.with_gzip_layers(level=1)
    reference = Reference.parse(f"{registry.host}/runs:1")
    report = push(client, packed, reference)
    docker("pull", "--quiet", str(report.reference), timeout=120)
    try:
        assert docker("run", "--rm", str(report.reference)).stdout == "hello from a layer\n"
    finally:
        docker("rmi", "--force", str(report.reference))
    docker("tag", base_name, f"{registry.host}/by-docker:1")
    docker("push", "--quiet", f"{registry.host}/by-docker:1", timeout=120)
    docker("rmi", f"{registry.host}/by-docker:1")
    found = pull(client, Reference.parse(f"{registry.host}/by-docker:1"))
    assert not [each for each in validate(found) if each.severity == "damage"]
