"""Write a login into Docker's configuration, as `docker login` does.

If a credential helper is configured for the registry, it stores the password. Otherwise the password is stored in
`config.json`, readable only by its owner.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from iris_model.aws.ecr.repository import Login
from iris_model.errors import DeploymentError, OciError
from iris_model.oci.registry.docker_config import read_config

RunHelper = Callable[[str, bytes], None]


def write_login(path: Path, login: Login, run_helper: RunHelper | None = None) -> str:
    """Store the login. Return where."""
    try:
        config = read_config(path)
    except OciError as failure:
        raise DeploymentError(failure.problem, remedy=failure.remedy) from None
    helper = config.get("credHelpers", {}).get(login.registry) or config.get("credsStore")
    if helper == "ecr-login":
        return "docker-credential-ecr-login, which gets passwords automatically"
    if helper:
        entry = {"ServerURL": login.registry, "Username": login.user, "Secret": login.password}
        (run_helper or _run_helper)(helper, json.dumps(entry).encode())
        config.setdefault("auths", {}).setdefault(login.registry, {})
        _write(path, config)
        return f"docker-credential-{helper}"
    encoded = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
    config.setdefault("auths", {})[login.registry] = {"auth": encoded}
    _write(path, config)
    return str(path)


def _write(path: Path, config: Mapping[str, Any]) -> None:
    # A symbolic link is kept, because some users store this file elsewhere.
    target = path.resolve()
    beside: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".config.")  # mode 600
        beside = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(config, file, indent="\t")
        beside.replace(target)
        beside = None
    except OSError as error:
        raise DeploymentError(
            f"{path} cannot be written: {error.strerror}",
            remedy="Check the permissions and the free space, or set DOCKER_CONFIG to another directory.",
        ) from None
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)  # it may contain the password


def _run_helper(helper: str, entry: bytes) -> None:
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run([program, "store"], input=entry, capture_output=True, timeout=30)
    except FileNotFoundError:
        raise DeploymentError(
            f"Docker's configuration names the credential helper {program}, which is not installed",
            remedy="Install it, or remove credsStore from the configuration.",
        ) from None
    except subprocess.TimeoutExpired:
        raise DeploymentError(
            f"{program} does not answer", remedy="Check whether it is waiting for input in another window."
        ) from None
    if done.returncode:
        text = (done.stdout + done.stderr).decode(errors="replace").strip()
        raise DeploymentError(f"{program} fails: {text}", remedy="See the documentation of the helper.")
