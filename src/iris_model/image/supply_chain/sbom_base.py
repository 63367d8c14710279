"""The base's part of an SBOM: the base itself, its operating system, its Python, and all its packages.

Returns CycloneDX components, and a description of what could not be listed. By default, a base that is not on this
machine is not downloaded; then the SBOM states that it was not opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from iris_model.errors import ImageError, OciError
from iris_model.image.bases.base import Base
from iris_model.image.bases.base_files import BaseFacts
from iris_model.image.bases.system_package import OperatingSystem, Package

# Package type -> the distribution, if os-release does not name one.
_DEFAULT_SYSTEMS = {"deb": "debian", "apk": "alpine"}
# os-release's name -> the name in package URLs.
_VENDORS = {"rhel": "redhat"}
# os-release's name -> trivy's name. trivy reads the component's name; grype reads the SWID tag.
_SYSTEM_NAMES = {"amzn": "amazon", "rhel": "redhat", "almalinux": "alma", "ol": "oracle"}
# Directories of interpreters that no package manager installed.
_OWN_PYTHONS = ("/var/lang/", "/usr/local/", "/opt/")
_NOT_OPENED = (
    "the base image was not downloaded, because none of its layers was needed. "
    "Use `iris-model build` without --push, or --scan"
)


@dataclass(frozen=True)
class BasePart:
    """The base's part of an SBOM."""

    reference: str
    """The `bom-ref` of the base's own component."""

    components: tuple[dict[str, Any], ...]
    """The base, then the components in it."""

    unlisted: tuple[str, ...]

    @property
    def inside(self) -> list[str]:
        """The `bom-ref` of each component in the base image."""
        return sorted(each["bom-ref"] for each in self.components[1:])


def describe_base(base: Base, *, download: bool = False) -> BasePart:
    """Return the part for a base, from cached facts or its files. `download`: fetch it if needed."""
    facts, unlisted = _facts(base, download=download)
    reference = f"base:{base.image.digest}"
    inside = {each["bom-ref"]: each for each in _inside(facts)} if facts else {}
    counts = {kind: sum(each.kind == kind for each in facts.packages) for kind in _kinds(facts)} if facts else {}
    properties = [{"name": f"iris-model:packages:{kind}", "value": str(count)} for kind, count in counts.items()]
    properties += [{"name": "iris-model:not-listed", "value": reason} for reason in unlisted]
    itself: dict[str, Any] = {
        "type": "container",
        "bom-ref": reference,
        "name": str(base.reference.repository) if base.reference else "base image",
        "version": str(base.image.digest),
        "hashes": [{"alg": "SHA-256", "content": base.image.digest.hex}],
    }
    if properties:
        itself["properties"] = properties
    return BasePart(reference, (itself, *inside.values()), unlisted)


def _facts(base: Base, *, download: bool) -> tuple[BaseFacts | None, tuple[str, ...]]:
    facts = base.known_facts
    if facts is None and (download or base.is_here):
        try:
            facts = base.facts
        except (ImageError, OciError) as failure:
            # The image is valid even if its base cannot be read. The SBOM states what it lacks.
            return None, (f"the base image cannot be read: {failure.problem}",)
    return (facts, facts.unlisted) if facts else (None, (_NOT_OPENED,))


def _kinds(facts: BaseFacts) -> list[str]:
    return sorted({each.kind for each in facts.packages})


def _inside(facts: BaseFacts) -> Iterator[dict[str, Any]]:
    system = facts.system
    if system.id:
        component = {
            "type": "operating-system",
            "bom-ref": f"os:{system.id}@{system.version}",
            "name": _SYSTEM_NAMES.get(system.id, system.id),
            "version": system.version,
            "description": system.name,
            "cpe": system.cpe if system.cpe.startswith("cpe:") else "",
            "swid": {"tagId": system.id, "name": system.id, "version": system.version} if system.version else None,
        }
        yield {name: value for name, value in component.items() if value}
    if facts.python_path.startswith(_OWN_PYTHONS):
        version = facts.python_version or facts.python
        yield {
            "type": "application",
            "bom-ref": f"base:pkg:generic/python@{version}",
            "name": "python",
            "version": version,
            "cpe": f"cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*",
            "purl": f"pkg:generic/python@{quote(version)}",
        }
    for package in facts.packages:
        yield _package(package, system)


def _package(package: Package, system: OperatingSystem) -> dict[str, Any]:
    purl = package_url(package, system)
    component: dict[str, Any] = {
        "type": "library",
        # A package of the base and a package of the function may have the same purl, but they are two components.
        "bom-ref": f"base:{purl}",
        "name": package.name,
        "version": f"{package.epoch}:{package.version}" if package.epoch else package.version,
        "purl": purl,
    }
    if package.vendor:
        component["publisher"] = package.vendor
    if package.license:
        component["licenses"] = [{"license": {"name": package.license}}]
    if package.kind in ("deb", "apk") and package.source not in ("", package.name):
        # Advisories of these systems name source packages. grype reads them from the purl, trivy from this property.
        component["properties"] = [{"name": "aquasecurity:trivy:SrcName", "value": package.source}]
    return component


def package_url(package: Package, system: OperatingSystem) -> str:
    """Return the package URL; scanners read the distribution from its qualifiers.

    https://github.com/package-url/purl-spec
    """
    if package.kind == "pypi":
        return f"pkg:pypi/{package.name}@{quote(package.version, safe='')}"
    vendor = _VENDORS.get(system.id, system.id) or _DEFAULT_SYSTEMS.get(package.kind, "")
    qualifiers = {
        "arch": package.architecture,
        "distro": f"{system.id}-{system.version}" if system.id and system.version else system.id,
        "epoch": package.epoch,
        "upstream": package.source if package.source != package.name else "",
    }
    said = "&".join(f"{name}={quote(value, safe=':')}" for name, value in qualifiers.items() if value)
    path = "/".join(quote(part, safe="") for part in (vendor, package.name) if part)
    return f"pkg:{package.kind}/{path}@{quote(package.version, safe=':')}{'?' if said else ''}{said}"
