"""`kms-key`: Lambda encrypts the environment and its copy of the image with the user's key."""

from __future__ import annotations

from iris_model.aws.cloudformation.parts.part import Part
from iris_model.contract.deployment import Deployment


def add_encryption(deployment: Deployment) -> Part:
    """Set the key, and allow the function to decrypt with it."""
    if deployment.kms_key is None:
        return Part()
    allowed = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": deployment.kms_key}
    return Part(function={"KmsKeyArn": deployment.kms_key}, statements=(allowed,))
