"""References: names of images, `[registry/]repository[:tag][@digest]`, with Docker's defaults.

Raises InvalidReference, which names the wrong part and a correction. References have no scheme. The first part is a
registry only if it contains a dot or a colon, or is `localhost`; the default is Docker Hub. If a reference has a tag
and a digest, the digest is used.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace

from iris_model.errors import InvalidReference
from iris_model.oci.digests import Digest

DOCKER_HUB = "docker.io"
HUB_NAMES = ("docker.io", "index.docker.io", "registry-1.docker.io")
"""The host names of Docker Hub."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_REGISTRY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]{{1,5}})?")
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_LONGEST_NAME = 255


@dataclass(frozen=True, order=True)
class Repository:
    """A repository in a registry: `registry/name`."""

    registry: str
    name: str

    def __str__(self) -> str:
        return f"{self.registry}/{self.name}"


@dataclass(frozen=True)
class Reference:
    """An image: a repository with a tag, a digest, or both."""

    repository: Repository
    tag: str = ""
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str, *, default_registry: str = DOCKER_HUB) -> Reference:
        """Parse a reference. Without tag and digest the tag is `latest`. Raises InvalidReference."""
        _refuse_foreign_characters(text)
        named, at, digits = text.partition("@")
        digest = _parse_digest(text, digits) if at else None
        rest, tag = _split_tag(named)
        if tag is not None:
            check_tag(tag, text)
        registry, name = _split_registry(rest, default_registry)
        if not _REGISTRY.fullmatch(registry) or not _is_address(registry):
            raise _wrong(text, f"{registry!r} is not the name of a registry", "Use host or host:port.")
        if registry in HUB_NAMES:
            registry, name = DOCKER_HUB, name if "/" in name or not name else f"library/{name}"
        _check_name(name, text)
        return cls(Repository(registry, name), tag or ("" if digest else "latest"), digest)

    @property
    def version(self) -> str:
        """The digest if there is one, else the tag."""
        return str(self.digest) if self.digest else self.tag

    def with_digest(self, digest: Digest) -> Reference:
        """Return the same repository and tag, pinned to a digest."""
        return replace(self, digest=digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.repository}{tag}{f'@{self.digest}' if self.digest else ''}"


def check_tag(tag: str, text: str = "") -> str:
    """Return `tag` if it is valid. `text` is the whole reference, for the message. Raises InvalidReference."""
    if not _TAG.fullmatch(tag):
        if not tag:
            why = "the tag is empty"
        elif len(tag) > 128:
            why = f"the tag has {len(tag)} characters, expected at most 128"
        else:
            why = f"the tag is {tag!r}, expected letters, digits, '_', '.' and '-', and no '.' or '-' first"
        raise _wrong(text or tag, why, "Choose a tag such as latest, 1.4 or a commit.")
    return tag


def _refuse_foreign_characters(text: str) -> None:
    if not text:
        raise _wrong(text, "it is empty", "Use a reference such as registry.example/team/model:1.")
    if "://" in text:
        rest = text.partition("://")[2]
        raise _wrong(text, "a reference has no scheme", f"Omit it: {rest}")
    blank = next((character for character in text if character.isspace() or not character.isprintable()), None)
    if blank is not None:
        raise _wrong(text, f"it has {blank!r} in it, expected no spaces", f"Did you mean {''.join(text.split())!r}?")


def _parse_digest(text: str, digits: str) -> Digest:
    try:
        return Digest.parse(digits)
    except InvalidReference as wrong:
        raise _wrong(text, wrong.problem, wrong.remedy) from None


def _is_address(registry: str) -> bool:
    """Whether the port, and an address in brackets, are valid."""
    host, _, port = registry.rpartition(":")
    if registry.endswith("]") or not host:
        host, port = registry, ""
    if port and not 0 < int(port) < 65_536:
        return False
    if host.startswith("["):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            return False
    return True


def _split_tag(named: str) -> tuple[str, str | None]:
    """Split at a colon after the last slash, which starts a tag; an earlier one starts a port."""
    head, slash, last = named.rpartition("/")
    name, colon, tag = last.partition(":")
    return head + slash + name, tag if colon else None


def _split_registry(rest: str, default: str) -> tuple[str, str]:
    first, _, others = rest.partition("/")
    return (first, others) if names_registry(rest) else (default, rest)


def names_registry(text: str) -> bool:
    """Whether a reference begins with the host of a registry, as in `host/name`.

    Otherwise it begins with a part of the image's name.
    """
    first, slash, _ = text.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")


def _check_name(name: str, text: str) -> None:
    if not name:
        raise _wrong(text, "it has no repository", "Use registry/repository:tag.")
    if len(name) > _LONGEST_NAME:
        raise _wrong(
            text, f"the repository has {len(name)} characters, expected at most {_LONGEST_NAME}", "Shorten it."
        )
    if name != name.lower():
        raise _wrong(text, f"the repository {name!r} has capitals", f"Repositories are lower case: {name.lower()!r}.")
    for component in name.split("/"):
        if not _COMPONENT.fullmatch(component):
            what = f"the part {component!r}" if component else "an empty part"
            raise _wrong(
                text,
                f"the repository {name!r} has {what}",
                "Each part between slashes consists of lower-case letters and digits, joined by one '.', one or two '_', or '-'.",
            )


def _wrong(text: str, why: str, remedy: str) -> InvalidReference:
    return InvalidReference(f"image reference {text!r}: {why}", remedy=remedy)
