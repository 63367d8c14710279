"""Docker's credential helpers: programs called `docker-credential-NAME` for passwords in a keychain or for tokens.

Protocol: `get` as the argument, the server's name on standard input, JSON with Username and Secret on standard output.
A helper without credentials prints a fixed sentence and exits with 1.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping

from iris_model.errors import OciError
from iris_model.oci.registry.credentials import Credentials

_NOTHING_FOUND = "credentials not found"
_TOKEN_USER = "<token>"  # noqa: S105 - the helper's word for "this is an identity token"
_SECONDS = 60


def ask_helper(name: str, server: str, config: str, environment: Mapping[str, str] = os.environ) -> Credentials | None:
    """Return a helper's credentials for a server, or None. `config` is the file that names the helper, for messages."""
    program = f"docker-credential-{name}"
    path = shutil.which(program, path=environment.get("PATH"))
    if path is None or "/" in name:
        raise OciError(
            f"{config}: it names the credential helper {name!r}, but {program} is not on PATH",
            remedy="Install it, or remove it from credsStore and credHelpers.",
        )
    try:
        done = subprocess.run(
            [path, "get"], input=server, capture_output=True, text=True, timeout=_SECONDS, env=dict(environment)
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as failure:
        what = (
            f"it did not answer within {_SECONDS} seconds"
            if isinstance(failure, subprocess.TimeoutExpired)
            else str(failure)
        )
        raise OciError(
            f"{program} get {server}: {what}", remedy=f"Run it yourself: echo {server} | {program} get"
        ) from None
    if done.returncode:
        said = (done.stdout.strip() or done.stderr.strip()).splitlines()
        if said and _NOTHING_FOUND in said[0]:
            return None
        # The output contains a secret only after success. After a failure it is a message.
        raise OciError(
            f"{program} get {server}: it failed ({done.returncode}): {said[0][:200] if said else 'no output'}",
            remedy=f"Run it yourself: echo {server} | {program} get",
        )
    return _read_answer(done.stdout, program, server)


def _read_answer(text: str, program: str, server: str) -> Credentials:
    try:
        answer = json.loads(text)
        username, secret = answer["Username"], answer["Secret"]
    except (ValueError, TypeError, KeyError):
        raise OciError(
            f"{program} get {server}: expected JSON with Username and Secret",
            remedy="Update the helper, or log in again.",
        ) from None
    if username == _TOKEN_USER:
        return Credentials(identity_token=str(secret))
    return Credentials(str(username), str(secret))
