"""Calls to AWS: which are retried, and what message each refusal gives the user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from iris_model.aws.client.calls import ATTEMPTS, Aws
from iris_model.aws.client.failed_call import Failure
from iris_model.aws.client.session import BotoTransport
from iris_model.errors import DeploymentError


class Failing:
    """Fails `times` times with one code, then answers."""

    region = "eu-west-1"
    profile = "dev"
    origin = "of profile dev"

    def __init__(self, code: str, message: str = "it went wrong", status: int = 400, times: int = 100) -> None:
        self.failure = ("lambda", "UpdateAlias", code, message, status)
        self.times = times
        self.asked = 0

    def __call__(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self.asked += 1
        if self.asked <= self.times:
            raise Failure(*self.failure)
        return {"Name": "live"}


def call(transport: Failing, pauses: list[float] | None = None) -> dict[str, Any]:
    aws = Aws(transport, sleep=(pauses if pauses is not None else []).append)
    return aws.call("lambda", "UpdateAlias", "alias iris:live")


@pytest.mark.parametrize(
    "code", ["ThrottlingException", "ResourceConflictException", "ReadTimeout", "TooManyRequestsException"]
)
def test_temporary_errors_are_retried_with_growing_pauses(code: str):
    pauses: list[float] = []
    assert call(Failing(code, times=ATTEMPTS - 1), pauses) == {"Name": "live"}
    assert len(pauses) == ATTEMPTS - 1
    assert pauses[-1] > 4 * pauses[0]


def test_a_permanent_failure_is_reported_after_all_attempts():
    transport = Failing("ServiceException", "something broke", 500)
    with pytest.raises(DeploymentError, match="something broke"):
        call(transport)
    assert transport.asked == ATTEMPTS


def test_a_refusal_is_not_tried_again():
    transport = Failing("AccessDeniedException", status=403)
    with pytest.raises(DeploymentError):
        call(transport)
    assert transport.asked == 1


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("NoCredentialsError", "Unable to locate credentials", "aws configure"),
        ("UnauthorizedSSOTokenError", "token has expired", "aws sso login --profile dev"),
        ("ExpiredToken", "The security token included in the request is expired", "have expired"),
        ("ExpiredTokenException", "expired", "have expired"),
        ("InvalidSignatureException", "Signature expired: 20261125T1 is now earlier than 20261125T2", "clock of this machine"),
        ("InvalidSignatureException", "Signature not yet current: 20261125T2 is still later than T1", "clock of this machine"),
        ("RequestTimeTooSkewed", "too large", "clock of this machine"),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match", "does not belong to the key id"),
        ("UnrecognizedClientException", "The security token included in the request is invalid", "region eu-west-1"),
        ("AccessDeniedException", "User: me is not authorized to perform: iam:PassRole on resource: r", "may not pass the role"),
        ("AccessDeniedException", "User: me is not authorized to perform: lambda:UpdateAlias", "permission lambda:UpdateAlias"),
        ("CodeStorageExceededException", "Code storage limit exceeded", "a quota of the account is reached"),
        ("ServiceQuotaExceededException", "too many", "--service-code lambda --region eu-west-1"),
        (
            "InvalidParameterValueException",
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its",
            "leaves too little for other functions",
        ),
        ("InvalidParameterValueException", "The image manifest is not supported.", "refuses the image"),
        ("CodeArtifactUserPendingException", "Lambda is initializing your function.", "inactive for weeks"),
        ("CodeArtifactUserDeletedException", "gone", "iris-model deploy`, which pushes it again"),
        ("OptInRequired", "no", "is disabled in this account"),
        ("SomethingNew", "a new kind of no", "AWS answers SomethingNew: a new kind of no"),
    ],
)  # fmt: skip
def test_each_refusal_names_call_resource_and_fix(code: str, message: str, expected: str):
    with pytest.raises(DeploymentError) as caught:
        call(Failing(code, message))
    assert caught.value.problem.startswith("alias iris:live (lambda:UpdateAlias in eu-west-1): ")
    assert expected in str(caught.value)
    assert caught.value.remedy


def test_a_call_without_a_connection_is_tried_twice():
    transport = Failing("ConnectionFailed", "Could not connect", 0)
    with pytest.raises(DeploymentError, match="cannot be reached"):
        call(transport)
    assert transport.asked == 2


def test_a_connection_that_breaks_later_is_waited_for():
    transport = Failing("ConnectionFailed", "Could not connect", 0, times=0)
    aws = Aws(transport, sleep=lambda seconds: None)
    aws.call("lambda", "UpdateAlias", "alias iris:live")
    transport.times = ATTEMPTS
    assert aws.call("lambda", "UpdateAlias", "alias iris:live") == {"Name": "live"}


def test_encoded_authorization_messages_are_removed():
    with pytest.raises(DeploymentError) as caught:
        call(Failing("AccessDenied", "not authorized. Encoded authorization failure message: abcDEF123"))
    assert "abcDEF123" not in str(caught.value)


# --- boto3 ---


@pytest.fixture
def no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in (
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ENDPOINT_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("no_configuration")
@pytest.mark.parametrize(
    ("profile", "region", "expected"),
    [
        (None, None, "no AWS region is set"),
        (None, "eu-nowhere-9", "eu-nowhere-9 is not an AWS region .* did you mean"),
        ("mine", "eu-west-1", "has no profile mine"),
    ],
)
def test_a_session_that_cannot_be_says_why(profile: str | None, region: str | None, expected: str):
    with pytest.raises(DeploymentError, match=expected):
        BotoTransport(profile, region)


@pytest.mark.usefixtures("no_configuration")
def test_no_credentials_is_one_clear_message():
    with pytest.raises(DeploymentError, match="no AWS credentials"):
        BotoTransport(None, "eu-west-1").find_credentials()


@pytest.mark.usefixtures("no_configuration")
def test_an_unreachable_service_is_one_message(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    aws = Aws(BotoTransport(None, "eu-west-1"), sleep=lambda seconds: None)
    with pytest.raises(DeploymentError, match="cannot be reached"):
        aws.call("sts", "GetCallerIdentity", "the credentials")
