"""Writes a login into Docker's configuration, as `docker login` does: registry, user and password in.

A credential helper that is configured for the registry gets the password; else it stands in `config.json`, for its owner alone.
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

from iris_model.aws.repository import Login
from iris_model.errors import DeploymentError

RunHelper = Callable[[str, bytes], None]


def config_path(environment: Mapping[str, str]) -> Path:
    """Where Docker looks."""
    directory = environment.get("DOCKER_CONFIG")
    return (Path(directory) if directory else Path.home() / ".docker") / "config.json"


def write_login(path: Path, login: Login, run_helper: RunHelper | None = None) -> str:
    """Keep the login; returns where it is now."""
    config = _read(path)
    helper = config.get("credHelpers", {}).get(login.registry) or config.get("credsStore")
    if helper == "ecr-login":
        return "docker-credential-ecr-login, which gets passwords by itself"
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


def _read(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise DeploymentError(f"{path} cannot be read: {error}", remedy="Mend it, or move it away.") from None
    if not isinstance(config, dict):
        raise DeploymentError(f"{path} holds no JSON object", remedy="Mend it, or move it away.")
    return config


def _write(path: Path, config: Mapping[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".config.")  # mode 600
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(config, file, indent="\t")
        # A link stays one: people keep this file elsewhere.
        Path(name).replace(path.resolve())
    except OSError as error:
        raise DeploymentError(
            f"{path} cannot be written: {error.strerror}",
            remedy="Look at the rights and the space there, or name another directory: DOCKER_CONFIG.",
        ) from None


def _run_helper(helper: str, entry: bytes) -> None:
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run([program, "store"], input=entry, capture_output=True, timeout=30)
    except FileNotFoundError:
        raise DeploymentError(
            f"Docker's configuration names the helper {program}, and there is no such program",
            remedy="Install it, or take credsStore out of the configuration.",
        ) from None
    except subprocess.TimeoutExpired:
        raise DeploymentError(f"{program} does not answer", remedy="Is it asking you something elsewhere?") from None
    if done.returncode:
        text = (done.stdout + done.stderr).decode(errors="replace").strip()
        raise DeploymentError(f"{program} fails: {text}", remedy="Its own documentation says more.")
