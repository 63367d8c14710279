"""The code of a function in the template: an image by digest, or a zip archive by digest in the deployment's bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iris_model.aws.cloudformation.yaml_text import Tag, sub
from iris_model.aws.deployment import name_bucket
from iris_model.contract.deployment import Deployment
from iris_model.contract.zip_package import NATIVE_RUNTIME, WRAPPER_FILE, WRAPPER_VARIABLE


@dataclass(frozen=True)
class Archive:
    """A zip archive in the bucket, and the runtime of Lambda that runs it."""

    digest: str
    """sha256:..., as for images."""

    runtime: str


Code = str | Tag | Archive
"""The URI of an image, or an archive."""


def image_uri(repository: str, digest: str) -> Tag:
    """Return the URI of an image in the account and region of the template's deployment."""
    return sub(f"${{AWS::AccountId}}.dkr.ecr.${{AWS::Region}}.${{AWS::URLSuffix}}/{repository}@{digest}")


def find_code(deployment: Deployment, digest: str, runtime: str = "") -> Code:
    """Return the code with a digest. `runtime`: Lambda's runtime of an archive; "" for an image."""
    return Archive(digest, runtime) if runtime else image_uri(deployment.repository, digest)


def name_object(digest: str) -> str:
    """Return the key of an archive in the bucket."""
    return f"{digest.removeprefix('sha256:')}.zip"


def code_properties(deployment: Deployment, code: Code) -> dict[str, Any]:
    """Return the properties of the function that name its code."""
    if not isinstance(code, Archive):
        return {"PackageType": "Image", "Code": {"ImageUri": code}}
    return {
        "PackageType": "Zip",
        "Code": {"S3Bucket": sub(name_bucket(deployment.repository)), "S3Key": name_object(code.digest)},
        "Runtime": code.runtime,
        "Handler": deployment.handler,
    }


def variables_of(code: Code) -> Mapping[str, str]:
    """Return the environment variables that start our runtime in place of the managed one."""
    if not isinstance(code, Archive) or code.runtime == NATIVE_RUNTIME:
        return {}
    return {WRAPPER_VARIABLE: f"/var/task/{WRAPPER_FILE}"}
