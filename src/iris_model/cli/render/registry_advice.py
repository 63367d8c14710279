"""Hints for errors of Amazon ECR, with the commands to run.

`oci` knows nothing about AWS. ECR requires existing repositories and a new password every 12 hours. The functions
here replace the general hint of an error by one for ECR.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from iris_model.errors import RegistryDenied, RegistryError, RepositoryNotFound

if TYPE_CHECKING:
    from iris_model.oci import Reference

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html, with its names for FIPS, IPv6 and China.
_ECR = re.compile(
    r"\d{12}\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)"
)
_LOOPBACK = ("localhost", "127.0.0.1")

# The actions that a push needs: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
PUSH_ACTIONS = (
    "ecr:GetAuthorizationToken, ecr:BatchCheckLayerAvailability, ecr:InitiateLayerUpload, ecr:UploadLayerPart, "
    "ecr:CompleteLayerUpload, ecr:PutImage and ecr:BatchGetImage"
)


@contextmanager
def registry_advice(reference: Reference) -> Iterator[None]:
    """Inside the `with` block, errors of a push to `reference` get the hint for its registry."""
    try:
        yield
    except RegistryError as error:
        remedy = find_remedy(error, reference, os.environ)
        if remedy is None:
            raise
        raise type(error)(error.problem, remedy=remedy, status=error.status) from None


def find_remedy(error: RegistryError, reference: Reference, environment: Mapping[str, str]) -> str | None:
    """Return the hint for an error of ECR; None for another registry or another error."""
    registry, name = reference.repository.registry, reference.repository.name
    options = find_ecr(registry, environment)
    if options is None:
        return None
    if isinstance(error, RepositoryNotFound):
        return (
            "ECR does not create a repository on push. Correct the name, or run:\n"
            f"  aws ecr create-repository --repository-name {name}{options}\n"
            "`iris-model deploy` creates its own repository."
        )
    if isinstance(error, RegistryDenied) and (error.status == 401 or "expired" in error.problem.lower()):
        return (
            "An ECR password is valid for 12 hours. Log in again:\n"
            f"  iris-model login{options}\n"
            f"  aws ecr get-login-password{options} | docker login --username AWS --password-stdin {registry}"
        )
    if isinstance(error, RegistryDenied):
        return f"Use other credentials, or request a policy that allows, for {name}: {PUSH_ACTIONS}."
    return None


def find_ecr(registry: str, environment: Mapping[str, str]) -> str | None:
    """Return the AWS CLI options for this ECR registry; None for any other registry.

    An emulator's registry has no AWS host name. It is recognised by AWS_ENDPOINT_URL, which the AWS CLI also uses.
    """
    if found := _ECR.fullmatch(registry):
        return f" --region {found[1]}"
    endpoint = environment.get("AWS_ENDPOINT_URL_ECR") or environment.get("AWS_ENDPOINT_URL") or ""
    return "" if endpoint and _same_host(urlsplit(endpoint).netloc, registry) else None


def _same_host(one: str, other: str) -> bool:
    (host, _, port), (other_host, _, other_port) = one.rpartition(":"), other.rpartition(":")
    return one == other or (port == other_port and host in _LOOPBACK and other_host in _LOOPBACK)
