"""A registry that fails. Either the push completes, or the tag still refers to the old image. The message says what happened."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from iris_model.errors import InvalidImage, OciError, RegistryDenied, RegistryError, RegistryUnreachable
from iris_model.oci import BlobStore, Image, build_layer, file_entry, validate, write_layout
from iris_model.oci.blobs import verified
from iris_model.oci.registry import RegistryClient, Retries, UploadSettings, anonymous, pull, push
from tests.oci.conftest import Clients
from tests.oci.samples import sample_image
from tests.support.registry_fake import FakeRegistry
from tests.support.registry_faults import (
    Answers,
    AnswersAndHangsUp,
    Changes,
    Fault,
    HangsUp,
    Loses,
    Redirects,
    Says,
    SendsOnly,
)

ALWAYS = 99
OLD = sample_image(b"old")
NEW = OLD.append_layer(build_layer([file_entry("var/task/model", b"0123456789" * 300)], level=0)).append_layer(
    build_layer([file_entry("var/task/other", b"x")])
)
CHUNKED = UploadSettings(chunk=1000, monolithic=1000)


@pytest.fixture
def old(registry: FakeRegistry, clients: Clients) -> FakeRegistry:
    """The registry with an older image under the tag."""
    push(clients.make(), OLD, clients.reference("model:1"))
    registry.requests.clear()
    return registry


PASSING: list[tuple[str, list[Fault]]] = [
    ("500 for a look at a blob", [Answers("HEAD", "blobs", times=2)]),
    ("500 when an upload starts", [Answers("POST", "uploads", times=2)]),
    ("503 for a whole upload", [Answers("PUT", "uploads", status=503)]),
    ("429 with Retry-After", [Answers("PUT", "uploads", status=429, headers={"Retry-After": "7"}, times=2)]),
    ("dies while a blob is sent", [HangsUp("PUT", "uploads", times=2)]),
    (
        "dies while a blob is sent, and the session is gone",
        [HangsUp("PUT", "uploads"), Answers("GET", "uploads", status=404)],
    ),
    ("loses the end of a blob", [Loses("PUT", "uploads")]),
    ("stores a blob and does not answer", [AnswersAndHangsUp("PUT", "uploads")]),
    ("500 for the manifest", [Answers("PUT", "manifests", times=2)]),
    ("dies at the manifest", [HangsUp("PUT", "manifests")]),
    ("stores the manifest and does not answer", [AnswersAndHangsUp("PUT", "manifests", times=ALWAYS)]),
    ("redirects an upload with 307", [Redirects("PUT", "uploads")]),
]


@pytest.mark.parametrize(("name", "faults"), PASSING, ids=[name for name, _ in PASSING])
def test_a_push_completes_after_temporary_errors(
    old: FakeRegistry, clients: Clients, name: str, faults: list[Fault]
) -> None:
    old.faults = [fault.__class__(**vars(fault)) for fault in faults]
    push(clients.make(), NEW, clients.reference("model:1"))
    assert old.tag("model", "1") == str(NEW.digest)
    old.faults = []
    assert validate(pull(clients.make(), clients.reference("model:1"))) == []


FINAL: list[tuple[str, list[Fault], str]] = [
    ("500 for ever", [Answers("POST", "uploads", times=ALWAYS)], "answered 500 (UNKNOWN: something went wrong)"),
    (
        "429 for longer than we wait",
        [Answers("PUT", "uploads", status=429, headers={"Retry-After": "9999"})],
        "answered 429",
    ),
    ("dies for ever", [HangsUp("PUT", "uploads", times=ALWAYS)], "no answer from"),
    ("loses bytes for ever", [Loses("PUT", "uploads", times=ALWAYS)], "DIGEST_INVALID"),
    (
        "no permission",
        [Answers("POST", "uploads", status=403, code="DENIED", message="not yours")],
        "DENIED: not yours",
    ),
    ("too large", [Answers("PUT", "uploads", status=413)], "answered 413"),
    (
        "lies about what it stored",
        [Says("PUT", "uploads", headers={"Docker-Content-Digest": "sha256:" + "0" * 64})],
        "stored",
    ),
    (
        "refuses the manifest",
        [Answers("PUT", "manifests", status=400, code="MANIFEST_INVALID")],
        "but not the manifest",
    ),
    ("dies at the manifest for ever", [HangsUp("PUT", "manifests", times=ALWAYS)], "but not the manifest"),
    ("redirects for ever", [Redirects("POST", "uploads", times=ALWAYS)], "more than 5 redirects"),
    ("sends us to plain text", [Redirects("POST", "uploads", to="http://storage.example")], "which has no TLS"),
]


@pytest.mark.parametrize(("name", "faults", "said"), FINAL, ids=[name for name, _, _ in FINAL])
def test_permanent_errors_leave_the_old_image(
    old: FakeRegistry, clients: Clients, name: str, faults: list[Fault], said: str
) -> None:
    old.faults = [fault.__class__(**vars(fault)) for fault in faults]
    with pytest.raises(RegistryError) as caught:
        push(clients.make(), NEW, clients.reference("model:1"))
    assert said in caught.value.problem
    assert f"{clients.reference('model:1')} still refers to {OLD.digest}" in caught.value.problem
    assert caught.value.remedy
    assert old.tag("model", "1") == str(OLD.digest)
    assert validate(pull(clients.make(), clients.reference("model:1"))) == []


def test_an_upload_resumes_where_it_broke(old: FakeRegistry, clients: Clients) -> None:
    old.faults = [HangsUp("PATCH", "uploads", skip=1, keep=300)]
    push(clients.make(), NEW, clients.reference("model:1"), settings=CHUNKED)
    ranges = [each.headers["content-range"] for each in old.asked("PATCH")]
    assert ranges[:3] == ["0-999", "1000-1999", "1300-2299"]
    assert len(old.asked("POST", "uploads")) == 3  # no session was begun twice: two layers and the config


def test_chunks_out_of_order_are_put_right(old: FakeRegistry, clients: Clients) -> None:
    old.faults = [AnswersAndHangsUp("PATCH", "uploads"), Answers("PATCH", "uploads", status=416, skip=1)]
    push(clients.make(), NEW, clients.reference("model:1"), settings=CHUNKED)
    assert old.tag("model", "1") == str(NEW.digest)


def test_the_registry_says_how_long_to_wait(old: FakeRegistry, clients: Clients) -> None:
    old.faults = [Answers("POST", "uploads", status=429, headers={"Retry-After": "11"})]
    push(clients.make(), NEW, clients.reference("model:1"))
    assert clients.waits == [11.0]


def test_waits_grow(old: FakeRegistry, clients: Clients) -> None:
    old.faults = [Answers("HEAD", "manifests", status=502, times=ALWAYS)]
    with pytest.raises(RegistryError, match="502"):
        push(clients.make(), NEW, clients.reference("model:1"))
    assert clients.waits == [0.5, 1.0, 2.0, 4.0]


def test_one_failure_stops_the_other_blobs(old: FakeRegistry, clients: Clients) -> None:
    image = OLD
    for number in range(12):
        image = image.append_layer(build_layer([file_entry("var/task/model", b"%d" % number)]))
    old.faults = [Answers("POST", "uploads", status=403, code="DENIED", times=ALWAYS)]
    with pytest.raises(RegistryDenied):
        push(clients.make(), image, clients.reference("model:1"), jobs=1)
    assert len(old.asked("POST", "uploads")) == 1


def test_ctrl_c_does_not_wait_for_a_registry_that_makes_us_wait(
    old: FakeRegistry, clients: Clients, tmp_path: Path
) -> None:
    """A thread that sleeps until the time that a registry named held the whole program."""
    old.faults = [Answers("POST", "uploads", status=429, headers={"Retry-After": "110"}, times=ALWAYS)]
    write_layout(NEW, tmp_path / "image")
    name = str(clients.reference("model:1"))
    command = [sys.executable, "-m", "iris_model.cli", "push", str(tmp_path / "image"), name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while not old.asked("POST", "uploads") and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert f"Interrupted. Nothing was tagged: {name} still refers to {OLD.digest}." in said
    assert old.tag("model", "1") == str(OLD.digest)


def read(image: Image) -> bytes:
    with verified(image.layers[1].blob, "layer") as blocks:
        return b"".join(blocks)


@pytest.fixture
def stored(old: FakeRegistry, clients: Clients) -> Image:
    push(clients.make(), NEW, clients.reference("model:1"))
    old.requests.clear()
    return pull(clients.make(), clients.reference("model:1"))


DIGEST = str(NEW.layers[1].digest)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_download_resumes_where_it_broke(registry: FakeRegistry, stored: Image, ranges: bool) -> None:
    registry.ranges = ranges
    registry.faults = [SendsOnly("GET", DIGEST, size=1000), SendsOnly("GET", DIGEST, size=1700), HangsUp("GET", DIGEST)]
    assert len(read(stored)) == NEW.layers[1].size
    asked = [each.headers.get("range") for each in registry.asked("GET", DIGEST)]
    assert asked[:2] == [None, "bytes=1000-"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Changes("GET", DIGEST, times=ALWAYS, change=lambda body: body[:-1]), "the manifest says"),
        (Changes("GET", DIGEST, times=ALWAYS, change=lambda body: body[:-1] + b"!"), "the digest is"),
        (SendsOnly("GET", DIGEST, times=ALWAYS, size=10), "connection broke"),
    ],
    ids=["truncated", "changed", "breaks"],
)
def test_a_damaged_download_is_never_taken(registry: FakeRegistry, stored: Image, fault: Fault, said: str) -> None:
    registry.faults = [fault]
    with pytest.raises((InvalidImage, RegistryUnreachable), match=said):
        read(stored)


@pytest.mark.parametrize(
    "fault",
    [
        Changes("GET", "manifests", change=lambda body: body.replace(b"2", b"3", 1)),
        Says("GET", "manifests", headers={"Docker-Content-Digest": "sha256:" + "0" * 64}),
    ],
)
def test_a_manifest_of_another_digest(registry: FakeRegistry, clients: Clients, stored: Image, fault: Fault) -> None:
    registry.faults = [fault]
    with pytest.raises(InvalidImage, match=r"the manifest has the digest .*, but the registry announced"):
        pull(clients.make(), clients.reference("model:1"))


def test_no_service_at_the_address() -> None:
    waits: list[float] = []
    client = RegistryClient("127.0.0.1:9", credentials=anonymous, retries=Retries(sleep=waits.append))
    with pytest.raises(RegistryUnreachable) as caught:
        client.ping()
    assert "no answer from 127.0.0.1:9 after 3 tries" in caught.value.problem
    assert "refused" in caught.value.problem
    assert len(waits) == 2


def test_a_server_that_is_not_a_registry_is_reported(registry: FakeRegistry, clients: Clients) -> None:
    page = b"<!doctype html><title>Welcome</title>"
    registry.faults = [Changes("GET", "", times=ALWAYS, change=lambda body: page)]
    push(clients.make(), OLD, clients.reference("model:2"))
    with pytest.raises(OciError, match=r"not JSON|digest"):
        pull(clients.make(), clients.reference("model:2"))


def test_a_damaged_local_copy_is_not_reported_as_a_fault_of_the_registry(
    old: FakeRegistry, clients: Clients, tmp_path: Path
) -> None:
    for damage, said in (
        (lambda data: data[:-1], "1 bytes are missing"),
        (lambda data: data[:-1] + b"!", "the digest is"),
    ):
        stored = NEW.append_layer(build_layer([file_entry("more", b"m" * 999)], store=BlobStore(tmp_path)))
        path = BlobStore(tmp_path).path_of(stored.layers[-1].digest)
        path.write_bytes(damage(path.read_bytes()))
        with pytest.raises(InvalidImage, match=said) as caught:
            push(clients.make(), stored, clients.reference("model:1"))
        assert "still refers to" in caught.value.problem
        assert old.tag("model", "1") == str(OLD.digest)
