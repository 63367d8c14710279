"""Explain an unusable AWS configuration on this machine: convert boto3's exceptions to errors for the user.

It reads no secrets.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from iris_model.errors import DeploymentError

_PROFILE_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")


def explain_session(error: Exception, profile: str | None) -> DeploymentError:
    """Explain why a session cannot be opened."""
    kind = type(error).__name__
    details: dict[str, Any] = getattr(error, "kwargs", {})
    if kind == "ProfileNotFound":
        return _no_such_profile(str(details.get("profile", profile)), profile)
    if kind == "ConfigParseError":
        return DeploymentError(
            f"{details.get('path')} is not a valid AWS configuration: {_where(details.get('error'))}",
            remedy="Write sections such as [profile dev] with lines such as region = eu-west-1, or remove the file "
            "and run `aws configure`.",
        )
    return DeploymentError(
        f"the AWS configuration cannot be used: {error}",
        remedy=f"Fix {_config_file()}, or choose another profile with --profile.",
    )


def check_bundle(bundle: str | None) -> None:
    """Refuse a certificate file that does not exist: otherwise boto3 reports that AWS cannot be reached."""
    if bundle and not Path(bundle).exists():
        raise DeploymentError(
            f"{bundle} does not exist; AWS_CA_BUNDLE, or ca_bundle in the AWS configuration, names it",
            remedy="Set it to a file with trusted certificates, or remove the setting.",
        )


def _no_such_profile(name: str, option: str | None) -> DeploymentError:
    import botocore.session

    try:
        known = ", ".join(botocore.session.Session().available_profiles) or "none"
    except Exception:
        known = "none that can be read"
    variable = next((each for each in _PROFILE_VARIABLES if os.environ.get(each) == name), "AWS_PROFILE")
    by = "--profile" if option == name else variable
    return DeploymentError(
        f"the AWS configuration has no profile {name}, which {by} names; it has: {known}",
        remedy=f"Choose one of them with --profile, or create it: aws configure --profile {name}",
    )


def _where(error: Any) -> str:
    """Return the place of the error without quoting the line: it may contain a key."""
    line = getattr(error, "lineno", None) or next((number for number, _ in getattr(error, "errors", ())), None)
    return f"line {line} is not understood" if line else type(error).__name__


def _config_file() -> str:
    return os.environ.get("AWS_CONFIG_FILE", "~/.aws/config")
