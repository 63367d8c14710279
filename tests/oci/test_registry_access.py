"""Access to registries: the ways to log in, the sources of credentials, and where they must never be sent."""

from __future__ import annotations

import base64
import json
import logging
import stat
from pathlib import Path

import pytest

from iris_model.errors import OciError, RegistryDenied, RegistryError
from iris_model.oci import validate
from iris_model.oci.registry import Credentials, CredentialSource, DockerConfig, fixed, pull, push
from iris_model.oci.registry.challenges import parse_challenges
from iris_model.oci.registry.redaction import Redactor, redact_url
from iris_model.oci.registry.transport import Transport
from tests.oci.conftest import Clients
from tests.oci.samples import sample_image
from tests.support.registry_fake import FakeRegistry
from tests.support.registry_faults import Answers, Redirects

SECRET = "correct-horse-battery"
KNOWN = fixed(Credentials("ada", SECRET))
IMAGE = sample_image(b"one", b"two")


@pytest.fixture(params=["basic", "bearer"])
def closed(registry: FakeRegistry, request: pytest.FixtureRequest) -> FakeRegistry:
    """A registry for those who have a password."""
    registry.scheme, registry.user, registry.password = request.param, "ada", SECRET
    return registry


def test_with_the_password(closed: FakeRegistry, clients: Clients) -> None:
    push(clients.make(KNOWN), IMAGE, clients.reference("model:1"))
    assert validate(pull(clients.make(KNOWN), clients.reference("model:1"))) == []
    refused = [each for each in closed.requests if "authorization" not in each.headers]
    assert len(refused) <= 2 + 1  # one question per client, and the threads of the first


def test_ecr_gives_a_token_that_is_a_password(closed: FakeRegistry, clients: Clients) -> None:
    closed.scheme, closed.user = "basic", "AWS"
    token = base64.b64encode(f"AWS:{SECRET}".encode()).decode()
    push(clients.make(fixed(Credentials.from_basic(token))), IMAGE, clients.reference("model:1"))
    assert closed.tag("model", "1")


def test_an_identity_token(registry: FakeRegistry, clients: Clients) -> None:
    registry.scheme, registry.password = "bearer", SECRET
    push(clients.make(fixed(Credentials(identity_token=SECRET))), IMAGE, clients.reference("model:1"))
    assert registry.tag("model", "1")
    assert registry.asked("POST", "^/token")


@pytest.mark.parametrize("status", [404, 405])
def test_a_token_endpoint_that_wants_post(registry: FakeRegistry, clients: Clients, status: int) -> None:
    registry.scheme, registry.user, registry.password = "bearer", "ada", SECRET
    registry.faults = [Answers("GET", "^/token", status=status, times=99)]
    push(clients.make(KNOWN), IMAGE, clients.reference("model:1"))
    assert registry.tag("model", "1")
    with pytest.raises(RegistryError, match=str(status)):
        push(clients.make(), IMAGE, clients.reference("model:1"))


def test_an_access_token_is_sent_as_it_is(registry: FakeRegistry, clients: Clients) -> None:
    registry.scheme, registry.tokens = "bearer", {"ready-made-token": 1000}
    push(clients.make(fixed(Credentials(registry_token="ready-made-token"))), IMAGE, clients.reference("model:1"))
    assert not registry.asked("GET", "^/token")


def test_one_token_serves_many_blobs(registry: FakeRegistry, clients: Clients) -> None:
    registry.scheme, registry.user, registry.password = "bearer", "ada", SECRET
    push(clients.make(KNOWN), sample_image(*(b"%d" % number for number in range(8))), clients.reference("model:1"))
    assert len(registry.asked("GET", "^/token")) == 2  # to look, and to push
    assert "scope=repository:model:pull,push" in registry.asked("GET", "^/token")[1].path


def test_a_token_that_runs_out_in_the_middle(registry: FakeRegistry, clients: Clients) -> None:
    registry.scheme, registry.user, registry.password, registry.token_lives = "bearer", "ada", SECRET, 3
    push(clients.make(KNOWN), IMAGE, clients.reference("model:1"), jobs=1)
    assert registry.tag("model", "1") == str(IMAGE.digest)
    assert len(registry.asked("GET", "^/token")) > 3


def test_a_push_that_keeps_getting_401_leaves_the_old_image(closed: FakeRegistry, clients: Clients) -> None:
    push(clients.make(KNOWN), sample_image(b"old"), clients.reference("model:1"))
    closed.faults = [Answers("PUT", "uploads", times=99, status=401, code="UNAUTHORIZED", message="gone")]
    with pytest.raises(RegistryDenied) as caught:
        push(clients.make(KNOWN), IMAGE, clients.reference("model:1"))
    assert "still refers to" in caught.value.problem
    assert closed.tag("model", "1") == str(sample_image(b"old").digest)


@pytest.mark.parametrize("credentials", [Credentials(), Credentials("ada", "wrong-password")])
def test_without_the_right_password(closed: FakeRegistry, clients: Clients, credentials: Credentials) -> None:
    with pytest.raises(RegistryDenied) as caught:
        push(clients.make(fixed(credentials)), IMAGE, clients.reference("model:1"))
    assert "401" in caught.value.problem
    assert f"docker login {closed.host}" in caught.value.remedy
    assert "wrong-password" not in str(caught.value)
    assert "model" not in closed.repositories


def test_credentials_do_not_follow_a_redirect(
    closed: FakeRegistry, clients: Clients, other_registry: FakeRegistry
) -> None:
    push(clients.make(KNOWN), IMAGE, clients.reference("model:1"))
    push(Clients(other_registry).make(), IMAGE, Clients(other_registry).reference("model:1"))
    closed.storage = f"http://{other_registry.host}/v2/model/blobs"
    other_registry.requests.clear()
    assert validate(pull(clients.make(KNOWN), clients.reference("model:1"))) == []
    assert len(other_registry.asked("GET", "blobs")) >= 3
    assert not any("authorization" in each.headers for each in other_registry.requests)


def test_another_host_that_asks_for_a_password_gets_none(
    closed: FakeRegistry, clients: Clients, other_registry: FakeRegistry
) -> None:
    push(clients.make(KNOWN), IMAGE, clients.reference("model:1"))
    other_registry.scheme, other_registry.user, other_registry.password = "basic", "ada", SECRET
    closed.storage = f"http://{other_registry.host}/v2/model/blobs"
    with pytest.raises(RegistryDenied):
        pull(clients.make(KNOWN), clients.reference("model:1"))
    assert not any("authorization" in each.headers for each in other_registry.requests)


def test_an_upload_to_another_host_gets_no_credentials(
    closed: FakeRegistry, clients: Clients, other_registry: FakeRegistry
) -> None:
    other_registry.repositories = closed.repositories
    closed.faults = [Redirects("PUT", "uploads", to=f"http://{other_registry.host}", times=99)]
    push(clients.make(KNOWN), IMAGE, clients.reference("model:1"))
    assert len(other_registry.asked("PUT", "uploads")) == 3
    assert not any("authorization" in each.headers for each in other_registry.requests)


def test_plain_text_is_for_this_machine_only() -> None:
    bases = {
        host: Transport(host, KNOWN).base
        for host in ("localhost:5000", "127.0.0.1", "[::1]:5", "10.0.0.1", "r.example")
    }
    assert bases == {
        "localhost:5000": "http://localhost:5000",
        "127.0.0.1": "http://127.0.0.1",
        "[::1]:5": "http://[::1]:5",
        "10.0.0.1": "https://10.0.0.1",
        "r.example": "https://r.example",
    }
    assert Transport("r.example", KNOWN, plain_http=True).base == "http://r.example"
    assert Transport("localhost", KNOWN, plain_http=False).base == "https://localhost"
    assert Transport("docker.io", KNOWN).base == "https://registry-1.docker.io"


def test_a_token_endpoint_without_tls_gets_nothing(registry: FakeRegistry, clients: Clients) -> None:
    challenge = {"WWW-Authenticate": 'Bearer realm="http://auth.example/token",service="x"'}
    registry.faults = [Answers("HEAD", "", times=9, status=401, headers=challenge)]
    client = clients.make(KNOWN)
    with pytest.raises(RegistryDenied, match=r"token endpoint auth\.example has no TLS"):
        push(client, IMAGE, clients.reference("model:1"))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('Basic realm="x"', [("basic", {"realm": "x"})]),
        ('Bearer realm="https://a/t",service="s", scope="r:a:pull,push"',
         [("bearer", {"realm": "https://a/t", "service": "s", "scope": "r:a:pull,push"})]),
        ('Negotiate, Basic realm="a\\"b", charset=UTF-8', [("negotiate", {}), ("basic", {"realm": 'a"b', "charset": "UTF-8"})]),
        ("Bearer", [("bearer", {})]),
        ("", []),
        ('=="', []),
    ],
)  # fmt: skip
def test_parsing_of_www_authenticate_challenges(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert [(each.scheme, dict(each.parameters)) for each in parse_challenges([header])] == expected


def test_urls_lose_what_is_secret() -> None:
    url = "https://ada:pw@s3.example/blob?X-Amz-Signature=abc&digest=sha256:1#frag"
    assert redact_url(url) == "https://s3.example/blob?X-Amz-Signature=REDACTED&digest=sha256:1"


def test_secrets_are_removed_from_foreign_messages() -> None:
    redactor = Redactor()
    redactor.learn(SECRET, "")
    assert redactor.clean(f"no {SECRET} at https://u:p@h/x?sig=1") == "no REDACTED at https://h/x?sig=REDACTED"


def test_no_message_and_no_log_has_a_secret(
    registry: FakeRegistry, clients: Clients, caplog: pytest.LogCaptureFixture
) -> None:
    registry.faults = [Answers("POST", "uploads", status=400, code="UNKNOWN", message=f"you sent {SECRET}")]
    registry.scheme, registry.user, registry.password = "basic", "ada", SECRET
    credentials = Credentials("ada", SECRET)
    with caplog.at_level(logging.DEBUG), pytest.raises(RegistryError) as caught:
        push(clients.make(fixed(credentials)), IMAGE, clients.reference("model:1"))
    everything = f"{caught.value} {credentials!r} {caplog.text}"
    assert "you sent REDACTED" in everything
    assert SECRET not in everything
    assert credentials.basic.removeprefix("Basic ") not in everything


# what `docker login` leaves


def config_of(tmp_path: Path, document: object) -> CredentialSource:
    (tmp_path / "config.json").write_text(json.dumps(document) if not isinstance(document, str) else document)
    return DockerConfig(environment={"DOCKER_CONFIG": str(tmp_path), "PATH": str(tmp_path)})


def helper(tmp_path: Path, name: str, script: str) -> None:
    path = tmp_path / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


ENCODED = base64.b64encode(b"ada:pw:with:colons").decode()


@pytest.mark.parametrize(
    ("document", "registry", "expected"),
    [
        ({"auths": {"r.example": {"auth": ENCODED}}}, "r.example", Credentials("ada", "pw:with:colons")),
        ({"auths": {"https://r.example/v2/": {"auth": ENCODED}}}, "r.example", Credentials("ada", "pw:with:colons")),
        (
            {"auths": {"https://index.docker.io/v1/": {"auth": ENCODED}}},
            "docker.io",
            Credentials("ada", "pw:with:colons"),
        ),
        ({"auths": {"r.example": {"username": "u", "password": "p"}}}, "r.example", Credentials("u", "p")),
        ({"auths": {"r.example": {"identitytoken": "id"}}}, "r.example", Credentials(identity_token="id")),
        ({"auths": {"r.example": {"registrytoken": "t"}}}, "r.example", Credentials(registry_token="t")),
        ({"auths": {"r.example": {}}}, "r.example", Credentials()),
        ({"auths": {"r.example:5000": {"auth": ENCODED}}}, "r.example", Credentials()),
        ({}, "r.example", Credentials()),
    ],
)
def test_dockers_config(tmp_path: Path, document: object, registry: str, expected: Credentials) -> None:
    assert config_of(tmp_path, document)(registry) == expected


def test_no_config_is_anonymous(tmp_path: Path) -> None:
    assert DockerConfig(environment={"HOME": str(tmp_path)})("r.example") == Credentials()


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("{", "not JSON"),
        ("[]", "expected a JSON object"),
        ({"auths": [1]}, "auths is not an object"),
        ({"auths": {"r.example": {"auth": "%%%"}}}, "not user:password in base64"),
        ({"credsStore": "nowhere"}, "docker-credential-nowhere is not on PATH"),
        ({"credsStore": 7}, "expected a string"),
    ],
)
def test_a_config_that_is_wrong(tmp_path: Path, document: object, why: str) -> None:
    with pytest.raises(OciError, match=why):
        config_of(tmp_path, document)("r.example")


def test_helpers_are_asked_in_dockers_order(tmp_path: Path) -> None:
    helper(tmp_path, "own", 'read server; echo "{\\"Username\\": \\"own\\", \\"Secret\\": \\"$server\\"}"')
    helper(tmp_path, "all", 'echo \'{"Username": "<token>", "Secret": "refresh"}\'')
    source = config_of(
        tmp_path,
        {"credHelpers": {"r.example": "own"}, "credsStore": "all", "auths": {"r.example": {"auth": ENCODED}}},
    )
    assert source("r.example") == Credentials("own", "r.example")
    assert source("docker.io") == Credentials(identity_token="refresh")


def test_a_helper_that_knows_nothing_leaves_the_file(tmp_path: Path) -> None:
    helper(tmp_path, "all", "echo 'credentials not found in native keychain'; exit 1")
    source = config_of(tmp_path, {"credsStore": "all", "auths": {"r.example": {"auth": ENCODED}}})
    assert source("r.example").username == "ada"
    assert source("other.example") == Credentials()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo 'the keychain is locked'; exit 3", r"failed \(3\): the keychain is locked"),
        ("exit 2", "no output"),
        (f'echo \'{{"Username": "u", "Secret": "{SECRET}"\'', "expected JSON with Username and Secret"),
    ],
)
def test_a_helper_that_fails(tmp_path: Path, script: str, why: str) -> None:
    helper(tmp_path, "all", script)
    with pytest.raises(OciError, match=why) as caught:
        config_of(tmp_path, {"credsStore": "all"})("r.example")
    assert SECRET not in str(caught.value)


def test_a_missing_token_endpoint(registry: FakeRegistry, clients: Clients) -> None:
    challenge = {"WWW-Authenticate": 'Bearer realm="http://127.0.0.1:9/token",service="x"'}
    registry.faults = [Answers("HEAD", "", times=99, status=401, headers=challenge)]
    with pytest.raises(
        RegistryError, match=r"ask 127\.0\.0\.1:9 for a token: no answer from 127\.0\.0\.1:9 after 3 tries"
    ):
        push(clients.make(KNOWN), IMAGE, clients.reference("model:1"))


def test_a_helper_is_asked_once_and_again_when_its_answer_has_run_out(
    closed: FakeRegistry, clients: Clients, tmp_path: Path
) -> None:
    """A helper may start a browser or ask for a fingerprint."""
    calls = tmp_path / "calls"
    script = f'echo x >> {calls}; echo "{{\\"Username\\": \\"ada\\", \\"Secret\\": \\"$(cat {tmp_path}/now)\\"}}"'
    helper(tmp_path, "all", f"PATH=/usr/bin:/bin; {script}")
    (tmp_path / "now").write_text(SECRET)
    client = clients.make(config_of(tmp_path, {"credsStore": "all"}))
    push(client, IMAGE, clients.reference("model:1"))
    assert calls.read_text() == "x\n"
    closed.password = "another-password"
    closed.tokens.clear()
    (tmp_path / "now").write_text(closed.password)
    push(client, sample_image(b"new"), clients.reference("model:2"))
    assert closed.tag("model", "2")
    assert calls.read_text().startswith("x\nx\n")
