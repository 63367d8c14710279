"""The connection to a registry: certificates, proxies, full disks; and parallel downloads of layers."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from iris_model.errors import InvalidImage, RegistryError, RegistryUnreachable
from iris_model.oci import BlobStore, Reference, fetch_layers, validate
from iris_model.oci.progress import Progress
from iris_model.oci.registry import RegistryClient, Retries, anonymous, pull, push
from tests.oci.conftest import Clients
from tests.oci.samples import sample_image
from tests.support.registry_fake import FakeRegistry, running
from tests.support.registry_faults import Changes


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a self-signed certificate for this machine."""
    directory = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", directory / "key", "-out", directory / "certificate"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    command = ["openssl", "req", "-x509", *key, *names, *files]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    both = directory / "both"
    both.write_bytes((directory / "key").read_bytes() + (directory / "certificate").read_bytes())
    return both


def test_an_untrusted_certificate(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    with running(FakeRegistry(), certificate=certificate) as registry:
        options = {"credentials": anonymous, "plain_http": False, "retries": Retries(sleep=waits.append)}
        with pytest.raises(RegistryUnreachable) as caught:
            RegistryClient(registry.host, **options).ping()  # type: ignore[arg-type]
        assert "self-signed certificate" in caught.value.problem
        assert "SSL_CERT_FILE" in caught.value.remedy
        assert waits == []
        assert registry.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        client = RegistryClient(registry.host, **options)  # type: ignore[arg-type]
        image, reference = sample_image(b"one"), Reference.parse(f"{registry.host}/model:1")
        push(client, image, reference)
        assert validate(pull(client, reference)) == []


def test_a_proxy_is_used_for_others_and_not_for_this_machine(
    registry: FakeRegistry, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", registry.host)
    monkeypatch.setenv("no_proxy", "inside.example")
    reference, image = Reference.parse("registry.example/model:1"), sample_image(b"one")
    client = RegistryClient("registry.example", credentials=anonymous, plain_http=True)
    push(client, image, reference)
    assert pull(client, reference).digest == image.digest
    assert {each.headers["host"] for each in registry.requests} == {"registry.example"}
    assert all(each.path.startswith("http://registry.example/v2/") for each in registry.requests)
    registry.requests.clear()
    clients.make().ping()
    assert [each.path for each in registry.requests] == ["/v2/"]
    retries = Retries(sleep=lambda seconds: None)
    inside = RegistryClient("inside.example", credentials=anonymous, plain_http=True, retries=retries)
    with pytest.raises(RegistryUnreachable):
        inside.ping()


@pytest.mark.parametrize(
    ("user", "sent"),
    [("me:p%40ss%3Aword%25", b"me:p@ss:word%"), ("m%C3%BC:\u00fc", "m\u00fc:\u00fc".encode()), ("me", b"me")],
)
def test_the_password_of_a_proxy_is_decoded(
    registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch, user: str, sent: bytes
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{user}@{registry.host}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    RegistryClient("registry.example", credentials=anonymous, plain_http=True).ping()
    kind, _, encoded = registry.requests[-1].headers["proxy-authorization"].partition(" ")
    assert (kind, base64.b64decode(encoded)) == ("Basic", sent)


@pytest.mark.parametrize(
    ("variable", "proxy", "problem"),
    [
        (
            "HTTPS_PROXY",
            "socks5://me:secret@127.0.0.1:9",
            "HTTPS_PROXY begins with socks5://, expected http:// or https://",
        ),
        ("ALL_PROXY", "socks5h://127.0.0.1:9", "ALL_PROXY begins with socks5h://, expected http:// or https://"),
        ("HTTPS_PROXY", "ftp://127.0.0.1:9", "HTTPS_PROXY begins with ftp://, expected http:// or https://"),
        ("HTTPS_PROXY", "http://me:secret@[::1", "HTTPS_PROXY is not an address"),
        ("HTTPS_PROXY", "me:secret@proxy:port", "HTTPS_PROXY is not an address"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, variable: str, proxy: str, problem: str
) -> None:
    for name in ("HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv(variable, proxy)
    waits: list[float] = []
    client = RegistryClient("registry.example", credentials=anonymous, retries=Retries(sleep=waits.append))
    with pytest.raises(RegistryError) as caught:
        client.ping()
    assert caught.value.problem.startswith(problem)
    assert "registry.example in NO_PROXY" in caught.value.remedy
    assert "secret" not in str(caught.value)
    assert waits == []


def test_layers_are_fetched_once_and_verified(registry: FakeRegistry, clients: Clients, tmp_path: Path) -> None:
    image, store = sample_image(b"one", b"two" * 99_999, b"three"), BlobStore(tmp_path)
    push(clients.make(), image, clients.reference("model:1"))
    told: list[Progress] = []
    fetched = fetch_layers(pull(clients.make(), clients.reference("model:1")), store, report=told.append)
    assert validate(fetched) == []
    assert fetched == image
    assert [each.state for each in told if each.digest == image.layers[1].digest][-1] == "downloaded"
    registry.requests.clear()
    again = fetch_layers(pull(clients.make(), clients.reference("model:1")), store, report=told.append)
    assert len(registry.asked("GET", "blobs")) == 1  # the config
    path = store.path_of(again.layers[0].digest)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert store.find_verified(again.layers[0].digest) is None
    assert not path.exists()


def test_a_damaged_layer_does_not_get_into_the_store(registry: FakeRegistry, clients: Clients, tmp_path: Path) -> None:
    image = sample_image(b"one", b"two")
    push(clients.make(), image, clients.reference("model:1"))
    registry.faults = [Changes("GET", image.layers[1].digest.hex, times=99, change=lambda body: body[:-1] + b"!")]
    with pytest.raises(InvalidImage, match="the digest is"):
        fetch_layers(pull(clients.make(), clients.reference("model:1")), BlobStore(tmp_path), jobs=1)
    names = [path.name for path in (tmp_path / "blobs" / "sha256").iterdir()]
    assert names == [image.layers[0].digest.hex]


FULL = """
import resource, sys
from pathlib import Path
from iris_model.errors import StorageError
from iris_model.oci import BlobStore, write_archive, write_layout
from tests.oci.samples import sample_image
image = sample_image(bytes(range(256)) * 4000)
target = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
for write in (
    lambda: write_archive(image, target / "image.tar"),
    lambda: write_layout(image, target / "layout"),
    lambda: BlobStore(target / "store").add(image.layers[0].blob),
):
    try:
        write()
    except StorageError as failure:
        print(failure.problem.rpartition(": ")[2], "|", failure.remedy)
"""


def test_a_file_that_may_not_grow_is_reported_and_nothing_is_left(tmp_path: Path) -> None:
    """The limit is the kernel's own; a disk that is full is met in tests/e2e, where it can be made."""
    done = subprocess.run([sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    said = "File too large | The file is too large for the file system: write to another disk.\n"
    assert done.stdout == said * 3
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
