"""Read the credentials of `docker login` in Docker's `config.json`. Nothing here writes it.

For a registry, in Docker's order: its own helper (`credHelpers`), the default helper (`credsStore`), the file's entries
(`auths`). Without an entry, access is anonymous.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iris_model.errors import OciError, StorageError
from iris_model.oci.references import DOCKER_HUB, HUB_NAMES
from iris_model.oci.registry.credential_helpers import ask_helper
from iris_model.oci.registry.credentials import ANONYMOUS, Credentials

_HUB_KEY = "https://index.docker.io/v1/"


class DockerConfig:
    """A `CredentialSource` for the file in `DOCKER_CONFIG` or the home directory."""

    def __init__(self, path: Path | None = None, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment
        self.path = path or config_path(environment)
        self._document = read_config(self.path)

    def __call__(self, registry: str) -> Credentials:
        """Return the credentials for a registry."""
        server = _HUB_KEY if registry == DOCKER_HUB else registry
        return self._from_helper(server, registry) or self._from_file(registry) or ANONYMOUS

    def _from_helper(self, server: str, registry: str) -> Credentials | None:
        helpers = self._section("credHelpers")
        own = next((name for key, name in helpers.items() if _host(key) == _host(server)), "")
        name = own or self._document.get("credsStore") or ""
        if not isinstance(name, str):
            raise OciError(
                f"{self.path}: the helper for {registry} is {name!r}, expected a string", remedy="Fix the file."
            )
        return ask_helper(name, server, str(self.path), self._environment) if name else None

    def _from_file(self, registry: str) -> Credentials | None:
        wanted = _host(_HUB_KEY if registry == DOCKER_HUB else registry)
        for key, entry in self._section("auths").items():
            if _host(key) != wanted or not isinstance(entry, Mapping):
                continue
            where = f"{self.path}: auths: {key}"
            found = Credentials.from_basic(str(entry["auth"]), where) if entry.get("auth") else ANONYMOUS
            found = Credentials(
                str(entry.get("username") or found.username),
                str(entry.get("password") or found.password),
                str(entry.get("identitytoken") or ""),
                str(entry.get("registrytoken") or ""),
            )
            if found.secrets:
                return found
        return None

    def _section(self, name: str) -> Mapping[str, Any]:
        section = self._document.get(name) or {}
        if not isinstance(section, Mapping):
            raise OciError(
                f"{self.path}: {name} is not an object", remedy="Fix the file, or log in again with `docker login`."
            )
        return section


def config_path(environment: Mapping[str, str]) -> Path:
    """Return the path of the file, existing or not."""
    directory = environment.get("DOCKER_CONFIG")
    home = environment.get("HOME")
    return (Path(directory) if directory else (Path(home) if home else Path.home()) / ".docker") / "config.json"


def read_config(path: Path) -> dict[str, Any]:
    """Return the content of the Docker configuration; an empty dictionary without a file."""
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as failure:
        raise StorageError(
            f"{path} cannot be read: {failure.strerror}", remedy="Fix its permissions, or set DOCKER_CONFIG."
        ) from None
    except ValueError as failure:
        raise OciError(
            f"{path} cannot be read: it is not JSON: {failure}",
            remedy="Fix the file, or log in again with `docker login`.",
        ) from None
    if not isinstance(document, dict):
        raise OciError(f"{path}: expected a JSON object", remedy="Fix the file, or log in again with `docker login`.")
    return document


def _host(key: str) -> str:
    """Return the host of a key: some Docker versions wrote a scheme and a path, and several names for Docker Hub."""
    host = key.removeprefix("https://").removeprefix("http://").partition("/")[0]
    return DOCKER_HUB if host in HUB_NAMES else host
