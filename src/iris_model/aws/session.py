"""The only file that knows boto3: ordinary credentials in (profile, SSO, environment, role), a `Transport` out.

Retries are not boto3's here: `calls` has them, in one place and with a sleep that tests can replace.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iris_model.aws.calls import Answer, Failure
from iris_model.errors import DeploymentError

# An invocation lasts 15 minutes at most.
_READ_TIMEOUT_SECONDS = 920
_CONNECT_TIMEOUT_SECONDS = 10


class BotoTransport:
    """AWS, through boto3."""

    def __init__(self, profile: str | None = None, region: str | None = None) -> None:
        import boto3
        from botocore.exceptions import PartialCredentialsError, ProfileNotFound

        try:
            self._session = boto3.Session(profile_name=profile, region_name=region)
        except ProfileNotFound:
            known = ", ".join(boto3.Session().available_profiles) or "none"
            raise DeploymentError(
                f"there is no profile {profile} in the configuration of AWS; there are: {known}",
                remedy="Name one of them with --profile, or make it: aws configure --profile NAME",
            ) from None
        except PartialCredentialsError as error:
            raise DeploymentError(f"the credentials are not whole: {error}", remedy="Run: aws configure") from None
        if not self._session.region_name:
            raise DeploymentError(
                "no region is set: neither by --region, region in iris-model.toml, AWS_DEFAULT_REGION, nor by the profile",
                remedy='Name one: --region eu-west-1, or region = "eu-west-1" in iris-model.toml',
            )
        if self._session.region_name not in _known_regions(self._session):
            raise DeploymentError(
                f"{self._session.region_name} is not a region of AWS that has Lambda",
                remedy="The regions are listed by: aws ec2 describe-regions --output table",
            )
        self.region: str = self._session.region_name
        self._clients: dict[str, Any] = {}

    def __call__(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Answer:
        """Make one call."""
        from botocore import exceptions as wrong
        from botocore import xform_name

        try:
            answer = getattr(self._client(service), xform_name(operation))(**parameters)
            if "Payload" in answer and hasattr(answer["Payload"], "read"):
                answer["Payload"] = answer["Payload"].read()
            return dict(answer)
        except wrong.ClientError as error:
            details = error.response.get("Error", {})
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            message = details.get("Message") or error.response.get("message") or str(error)
            raise Failure(service, operation, details.get("Code", "Unknown"), message, status) from None
        except (wrong.NoCredentialsError, wrong.PartialCredentialsError, wrong.CredentialRetrievalError) as error:
            raise Failure(service, operation, "NoCredentials", str(error)) from None
        except (wrong.SSOError, wrong.TokenRetrievalError) as error:
            raise Failure(service, operation, "SSO", str(error)) from None
        except wrong.EndpointConnectionError as error:
            raise Failure(service, operation, "ConnectionFailed", str(error)) from None
        except (wrong.ReadTimeoutError, wrong.ConnectTimeoutError) as error:
            raise Failure(service, operation, "ReadTimeout", str(error)) from None
        except (wrong.ConnectionClosedError, wrong.HTTPClientError) as error:
            raise Failure(service, operation, "ConnectionClosed", str(error)) from None
        except wrong.ParamValidationError as error:
            raise Failure(service, operation, "ParameterValidation", str(error)) from None
        except wrong.BotoCoreError as error:
            raise Failure(service, operation, type(error).__name__, str(error)) from None

    def _client(self, service: str) -> Any:
        from botocore.config import Config

        if service not in self._clients:
            config = Config(
                connect_timeout=_CONNECT_TIMEOUT_SECONDS,
                read_timeout=_READ_TIMEOUT_SECONDS if service == "lambda" else 60,
                retries={"total_max_attempts": 1},
                user_agent_extra="iris-model",
            )
            self._clients[service] = self._session.client(service, config=config)
        return self._clients[service]

    def endpoint_url(self, service: str) -> str:
        """Where the calls of a service go."""
        return str(self._client(service).meta.endpoint_url)

    def sign(self, method: str, url: str, body: bytes, headers: Mapping[str, str], service: str) -> dict[str, str]:
        """Sign a request to an endpoint that wants IAM credentials; returns its headers."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        credentials = self._session.get_credentials()
        if credentials is None:
            raise Failure(service, "sign", "NoCredentials", "there are no credentials")
        request = AWSRequest(method=method, url=url, data=body, headers=dict(headers))
        SigV4Auth(credentials.get_frozen_credentials(), service, self.region).add_auth(request)
        return dict(request.headers.items())


def _known_regions(session: Any) -> set[str]:
    partitions = session.get_available_partitions()
    return {
        region
        for partition in partitions
        for region in session.get_available_regions("lambda", partition_name=partition)
    }
