"""Layouts, archives and answers that were broken on purpose: an error message or findings, never a traceback, never a file
outside of the target."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iris_model.errors import InvalidImage, IrisModelError
from iris_model.oci import OCI, Config, Index, Manifest, Platform, read_image, validate, write_archive, write_layout
from iris_model.oci.configs import canonical_json
from iris_model.oci.registry import Credentials, UploadSettings, fixed, list_referrers, pull, push
from tests.oci.conftest import Clients
from tests.oci.samples import sample_image
from tests.support.registry_fake import FakeRegistry
from tests.support.registry_faults import Answers, Bodies, Changes, Says
from tests.support.spread import spread

IMAGE = sample_image(b"one", b"two", family=OCI)

scraps = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just({"a": 1}),
    st.just("sha256:" + "0" * 64),
)


def paths_of(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [path, *(inner for key, child in children for inner in paths_of(child, (*path, key)))]


def changed(document: Any, path: tuple[Any, ...], scrap: Any) -> Any:
    if not path:
        return scrap
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = changed(copy[path[0]], path[1:], scrap)
    return copy


def look_at(config: Config) -> None:
    """Everything that a view over a config offers."""
    for name in (
        "platform",
        "diff_ids",
        "run",
        "entrypoint",
        "cmd",
        "environment",
        "working_directory",
        "user",
        "labels",
        "history",
    ):
        getattr(config, name)
    config.with_run(cmd=["x"], labels={"a": "b"})
    config.with_layer(IMAGE.layers[0].diff_id, {"created_by": "x"})


CONFIG = json.loads(IMAGE.config.with_run(labels={"a": "b"}, user="1", working_directory="/x", entrypoint=["e"]).data)
MANIFEST = json.loads(IMAGE.manifest.data)
MANIFEST["annotations"], MANIFEST["subject"] = {"a": "b"}, MANIFEST["config"]
MANIFEST["layers"][0].update(annotations={"a": "b"}, urls=["https://x"], platform=Platform().to_document())


@pytest.mark.parametrize("name", spread(["config", "manifest", "index"], 3))
@settings(deadline=None)
@given(data=st.data())
def test_any_value_in_any_field_raises_no_internal_error(name: str, data: st.DataObject) -> None:
    index = {
        "schemaVersion": 2,
        "manifests": [{**MANIFEST["config"], "platform": {"os": "linux", "architecture": "arm64"}}],
    }
    document = {"config": CONFIG, "manifest": MANIFEST, "index": index}[name]
    path = data.draw(st.sampled_from(paths_of(document)))
    bytes_ = canonical_json(changed(document, path, data.draw(scraps)))
    try:
        if name == "config":
            look_at(Config(bytes_))
        elif name == "manifest":
            manifest = Manifest.parse(bytes_, "test")
            assert manifest.family.manifest == manifest.media_type
            assert manifest.descriptor.size == len(bytes_)
        else:
            Index.parse(bytes_, "test").select(Platform.parse("arm64"), "test")
    except IrisModelError:
        pass


@settings(deadline=None)
@given(data=st.data())
def test_any_byte_of_an_archive_may_be_another(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "image.tar"
        write_archive(IMAGE, path)
        whole = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 3))):
            at = data.draw(st.integers(0, len(whole) - 1))
            whole[at] = data.draw(st.integers(0, 255))
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole)) | st.just(len(whole)))])
        try:
            found = read_image(path)
            damage = [finding for finding in validate(found) if finding.severity == "damage"]
            assert damage or found.config.data == IMAGE.config.data  # which names every layer by its content
        except IrisModelError:
            pass


@settings(deadline=None)
@given(data=st.data())
def test_any_value_in_any_field_of_an_old_archive_raises_no_internal_error(data: st.DataObject) -> None:
    manifest: list[Any] = [{"Config": "config.json", "RepoTags": ["model:1"], "Layers": ["a/layer.tar"]}]
    changed_manifest = changed(manifest, data.draw(st.sampled_from(paths_of(manifest))), data.draw(scraps))
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "old.tar"
        with tarfile.open(path, "w") as archive:
            for name, content in (
                ("manifest.json", canonical_json(changed_manifest)),
                ("config.json", sample_image(b"one").config.data),
                ("a/layer.tar", IMAGE.layers[0].blob.open().read()),
            ):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        for name in ("", "1"):
            try:
                validate(read_image(path, name=name))
            except IrisModelError:
                pass


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "link", "folder/../../secret"])
def test_nothing_outside_a_directory_is_read(tmp_path: Path, name: str) -> None:
    """A layer that is really a file of this machine would be pushed to a registry."""
    place = tmp_path / "saved"
    (place / "folder").mkdir(parents=True)
    (tmp_path / "secret").write_bytes(b"private key")
    (place / "link").symlink_to(tmp_path / "secret")
    (place / "config.json").write_bytes(sample_image(b"one").config.data)
    entry = {"Config": "config.json", "RepoTags": None, "Layers": [name]}
    (place / "manifest.json").write_bytes(canonical_json([entry]))
    with pytest.raises(InvalidImage, match="is outside"):
        read_image(place)
    write_layout(IMAGE, tmp_path / "layout")
    blob = tmp_path / "layout" / "blobs" / "sha256" / IMAGE.layers[0].digest.hex
    blob.unlink()
    blob.symlink_to(tmp_path / "secret")
    with pytest.raises(InvalidImage, match="is outside"):
        read_image(tmp_path / "layout")
    shutil.rmtree(place)


METHODS = ("GET", "HEAD", "POST", "PATCH", "PUT")
URLS = ["http://[", "http://[::1", "//", "<http://[>; rel=next", "http://x:port/"]
ODD = ["", "x", "sha256:zz", "-1", "0-99999999999999999999", "9" * 30, '=;,"<>', "ä", *URLS]


@pytest.mark.parametrize(
    "header",
    spread(
        ["Location", "Docker-Content-Digest", "Range", "Content-Range", "Content-Type", "Link", "OCI-Chunk-Min-Length"],
        3,
    ),
)
def test_any_header_of_a_registry_may_be_anything(registry: FakeRegistry, clients: Clients, header: str) -> None:
    for number, value in enumerate(ODD):
        reference = clients.reference(f"model{number}:1")
        registry.faults = [
            Says(method, "", times=999, headers={header: value}) for method in ("GET", "HEAD", "POST", "PATCH", "PUT")
        ]
        for act in (
            lambda to: push(clients.make(), IMAGE, to, settings=UploadSettings(100, 100)),
            lambda to: [validate(pull(clients.make(), to))],
            lambda to: clients.make().tags(to.repository),
            lambda to: list_referrers(clients.make(), to.repository, IMAGE.digest),
        ):
            with contextlib.suppress(IrisModelError):
                act(reference)


@pytest.mark.parametrize("header", ["WWW-Authenticate", "Retry-After", "Location"])
def test_any_header_of_a_refusal_may_be_anything(registry: FakeRegistry, clients: Clients, header: str) -> None:
    for value in [
        *ODD,
        "Bearer realm=",
        'Bearer realm="http://["',
        'Bearer realm="file:///etc/passwd"',
        "Basic",
        "Thu, 99 Foo",
    ]:
        for status in (307, 401, 429):
            registry.faults = [Answers("HEAD", "", times=9, status=status, headers={header: value})]
            with contextlib.suppress(IrisModelError):
                push(clients.make(fixed(Credentials("ada", "password"))), IMAGE, clients.reference("model:1"))


BODIES = [b"", b"null", b"[]", b"{}", b'"x"', b"7", b"{" * 99_999, b"[" * 99_999, b"\xff\xfe"]
BODIES += [b'{"errors": [1]}', b'{"errors": {"a": 1}}']
BODIES += [
    b'{"tags": {"a": 1}}',
    b'{"tags": 7}',
    b'{"token": 7}',
    b'{"token": ""}',
    b'{"manifests": 7}',
    b'{"errors": [{"code": [1]}]}',
]


@pytest.mark.parametrize("scheme", ["", "bearer"])
def test_any_body_of_a_registry_may_be_anything(registry: FakeRegistry, clients: Clients, scheme: str) -> None:
    push(clients.make(), IMAGE, clients.reference("model:1"))
    registry.scheme, registry.user, registry.password = scheme, "ada", "password"
    reference = clients.reference("model:1")
    for body in BODIES:
        for fault in (
            Changes("GET", "", times=99, change=lambda _, body=body: body),
            Bodies("GET", "", times=99, body=body),
        ):
            registry.faults = [fault]
            for act in (
                lambda client: validate(pull(client, reference)),
                lambda client: client.tags(reference.repository),
                lambda client: list_referrers(client, reference.repository, IMAGE.digest),
            ):
                with contextlib.suppress(IrisModelError):
                    act(clients.make(fixed(Credentials("ada", "password"))))
