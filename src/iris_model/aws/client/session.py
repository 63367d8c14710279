"""Make a `Transport` from AWS credentials (profile, SSO, environment, role). Only this file uses boto3.

boto3's retries are off: `calls` retries, with a sleep that tests can replace.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from iris_model.aws.client.calls import Answer
from iris_model.aws.client.configuration import check_bundle, explain_session
from iris_model.aws.client.explain import explain_failure
from iris_model.aws.client.failed_call import Failure
from iris_model.aws.client.failures import as_credentials_failure, as_failure
from iris_model.errors import DeploymentError

# An invocation lasts at most 15 minutes.
_READ_TIMEOUT_SECONDS = 920
_CONNECT_TIMEOUT_SECONDS = 10
# Services with an endpoint in only one region.
_HOMES = {"pricing": "us-east-1"}

# botocore's name for the source of credentials -> ours.
_ORIGINS = {
    "env": "of the environment (AWS_ACCESS_KEY_ID)",
    "container-role": "of the role of this container",
    "iam-role": "of the role of this machine",
}


class RegionProblem(DeploymentError):
    """The region is missing or invalid. The rest of the configuration may be valid."""


class BotoTransport:
    """Calls AWS through boto3."""

    def __init__(self, profile: str | None = None, region: str | None = None) -> None:
        import boto3
        import botocore.session

        core = botocore.session.Session()
        try:
            self._session = boto3.Session(botocore_session=core, profile_name=profile, region_name=region)
            _share_sessions_of_roles(core)
            check_bundle(core.get_config_variable("ca_bundle"))
        except DeploymentError:
            raise
        except Exception as error:
            raise explain_session(error, profile) from None
        self.profile: str = self._session.profile_name
        self.origin = f"of profile {self.profile}"
        if not self._session.region_name:
            # The `aws` command reads AWS_REGION too, so it works where boto3 finds no region.
            other = os.environ.get("AWS_REGION", "")
            said = "boto3 does not read AWS_REGION. " if other else ""
            example = other or "eu-west-1"
            raise RegionProblem(
                "no AWS region is set by --region, iris-model.toml, AWS_DEFAULT_REGION or the profile",
                remedy=f'{said}Use --region {example}, or set region = "{example}" in iris-model.toml.',
            )
        if self._session.region_name not in (known := _known_regions(self._session)):
            raise _no_such_region(self._session.region_name, known)
        self.region: str = self._session.region_name
        self._clients: dict[str, Any] = {}

    def find_credentials(self) -> None:
        """Find the credentials before the first call. Raises DeploymentError.

        It logs in, assumes the role, and prompts for the MFA code.
        """
        try:
            with _terminal_or_nothing():
                credentials = self._session.get_credentials()
                if credentials is not None:
                    credentials.get_frozen_credentials()
        except Exception as error:
            failure = as_credentials_failure(error)
            raise explain_failure(failure, f"credentials {self.origin}", self) from None
        if credentials is None:
            raise explain_failure(Failure("", "", "NoCredentialsError", ""), "", self)
        self.origin = _ORIGINS.get(credentials.method, self.origin)

    def __call__(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Answer:
        """Make one API call, and return the answer. Raises Failure if AWS or the network reports an error."""
        from botocore import xform_name

        try:
            answer = getattr(self._client(service), xform_name(operation))(**parameters)
            if "Payload" in answer and hasattr(answer["Payload"], "read"):
                answer["Payload"] = answer["Payload"].read()
            return dict(answer)
        except Exception as error:
            failure = as_failure(error, service, operation)
            if failure is None:
                raise
            raise failure from None

    def _client(self, service: str) -> Any:
        from botocore.config import Config

        if service not in self._clients:
            config = Config(
                connect_timeout=_CONNECT_TIMEOUT_SECONDS,
                read_timeout=_READ_TIMEOUT_SECONDS if service == "lambda" else 60,
                retries={"total_max_attempts": 1},
                user_agent_extra="iris-model",
            )
            home = _HOMES.get(service)
            where = {"region_name": home} if home else {}
            try:
                self._clients[service] = self._session.client(service, config=config, **where)
            except ValueError as error:
                # The user set this address, with AWS_ENDPOINT_URL or in the profile.
                raise explain_failure(Failure(service, "", "InvalidEndpoint", str(error)), service, self) from None
        return self._clients[service]

    def endpoint_url(self, service: str) -> str:
        """Return the endpoint of a service."""
        return str(self._client(service).meta.endpoint_url)

    def sign(self, method: str, url: str, body: bytes, headers: Mapping[str, str], service: str) -> dict[str, str]:
        """Return the headers of a request, signed for an endpoint with IAM authorization."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        credentials = self._session.get_credentials()
        if credentials is None:
            raise Failure(service, "sign", "NoCredentialsError", "no credentials")
        request = AWSRequest(method=method, url=url, data=body, headers=dict(headers))
        SigV4Auth(credentials.get_frozen_credentials(), service, self.region).add_auth(request)
        return dict(request.headers.items())


def _share_sessions_of_roles(core: Any) -> None:
    """Cache MFA sessions in the same place as the AWS CLI, so that the user enters the code once."""
    from botocore.credentials import JSONFileCache

    if not core.get_scoped_config().get("mfa_serial"):
        return
    # If the home directory is not writable, each command prompts for the code.
    with contextlib.suppress(OSError, RuntimeError):
        folder = Path.home() / ".aws" / "cli" / "cache"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.access(folder, os.W_OK):
            core.get_component("credential_provider").get_provider("assume-role").cache = JSONFileCache(str(folder))


@contextlib.contextmanager
def _terminal_or_nothing() -> Iterator[None]:
    """Show no MFA prompt if there is no terminal, and raise the error.

    Without a terminal nobody can type the code.
    """
    with contextlib.ExitStack() as stack:
        if not sys.stdin.isatty():
            stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        yield


def _no_such_region(name: str, known: set[str]) -> DeploymentError:
    import difflib

    nearest = difflib.get_close_matches(name.lower(), sorted(known), n=3)
    hint = f"did you mean {' or '.join(nearest)}?" if nearest else "expected a region such as eu-west-1"
    return RegionProblem(
        f"{name} is not an AWS region with Lambda that the installed boto3 knows: {hint}",
        remedy="Choose another region with --region. For a new region: pip install --upgrade boto3",
    )


def _known_regions(session: Any) -> set[str]:
    partitions = session.get_available_partitions()
    return {
        region
        for partition in partitions
        for region in session.get_available_regions("lambda", partition_name=partition)
    }
