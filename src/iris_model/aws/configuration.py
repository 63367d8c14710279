"""The configuration of AWS on this machine, when it cannot be used: an exception of boto3 in, the error for the user out.

Nothing is read here that holds a secret.
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
            f"{details.get('path')} cannot be read as a configuration of AWS: {_where(details.get('error'))}",
            remedy="Expected are sections such as [profile dev] with lines such as region = eu-west-1. Mend it, or move it "
            "away and run: aws configure",
        )
    return DeploymentError(
        f"the configuration of AWS cannot be used: {error}",
        remedy=f"Mend it in {_config_file()}, or name another profile: --profile",
    )


def check_bundle(bundle: str | None) -> None:
    """Refuse certificates that are not there: boto3 would say that AWS cannot be reached."""
    if bundle and not Path(bundle).exists():
        raise DeploymentError(
            f"{bundle}, which AWS_CA_BUNDLE or ca_bundle in the configuration of AWS names, is not there",
            remedy="Expected is a file with the certificates to trust. Correct the path, or take the setting away.",
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
        f"there is no profile {name}, which {by} names, in the configuration of AWS; there are: {known}",
        remedy=f"Name one of them with --profile, or make it: aws configure --profile {name}",
    )


def _where(error: Any) -> str:
    """Name the line and never quote it: it may hold a key."""
    line = getattr(error, "lineno", None) or next((number for number, _ in getattr(error, "errors", ())), None)
    return f"line {line} is not understood" if line else type(error).__name__


def _config_file() -> str:
    return os.environ.get("AWS_CONFIG_FILE", "~/.aws/config")
