"""Known vulnerabilities of an image's components, from an installed scanner.

Passes the SBOM to the scanner. Returns its report as JSON, unchanged, and the packages that it could not check. This
module does not interpret findings and does not use the network; the scanner may use it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_model.errors import ImageError

_SECONDS = 900
_MOST_SAID = 500


@dataclass(frozen=True)
class VulnerabilityReport:
    """The findings of a scanner."""

    tool: str
    found: int
    report: bytes
    unknown: tuple[str, ...] = ()
    """Packages that the tool could not check, with its reason. They are not known to be safe."""


@dataclass(frozen=True)
class _Tool:
    """How to call a scanner and read its output."""

    command: Callable[[Path, Path], Sequence[str]]
    """(path of an SBOM, path of a requirements file) -> the command line."""

    marks: tuple[str, ...]
    """Every report of this tool has one of these keys."""

    count: Callable[[Any], int]
    unknown: Callable[[Any], tuple[str, ...]] = lambda report: ()


def _grype(report: Any) -> int:
    return len(report.get("matches") or ())


def _trivy(report: Any) -> int:
    return sum(len(each.get("Vulnerabilities") or ()) for each in report.get("Results") or ())


def _osv(report: Any) -> int:
    packages = [package for result in report.get("results") or () for package in result.get("packages") or ()]
    # A group is one vulnerability with all its names.
    return sum(len(each.get("groups") or each.get("vulnerabilities") or ()) for each in packages)


def _pip_audit(report: Any) -> int:
    return sum(len(each.get("vulns") or ()) for each in report.get("dependencies") or ())


def _pip_audit_unknown(report: Any) -> tuple[str, ...]:
    skipped = [each for each in report.get("dependencies") or () if each.get("skip_reason")]
    return tuple(f"{each.get('name')}: {each['skip_reason']}" for each in skipped)


_TOOLS = {
    "grype": _Tool(lambda sbom, _: ["grype", f"sbom:{sbom}", "--output", "json", "--quiet"], ("matches",), _grype),
    "trivy": _Tool(
        lambda sbom, _: ["trivy", "sbom", str(sbom), "--format", "json", "--quiet"], ("SchemaVersion", "Results"), _trivy
    ),
    "osv-scanner": _Tool(lambda sbom, _: ["osv-scanner", f"--sbom={sbom}", "--format=json"], ("results",), _osv),
    "pip-audit": _Tool(
        lambda _, requirements: [
            "pip-audit", "--requirement", str(requirements), "--no-deps", "--disable-pip",
            "--progress-spinner", "off", "--format", "json",
        ],
        ("dependencies",),
        _pip_audit,
        _pip_audit_unknown,
    ),
}  # fmt: skip
TOOLS = tuple(_TOOLS)
"""In order of preference: scanners that know system packages come before the one that knows only Python packages."""

PYTHON_ONLY = frozenset({"pip-audit"})


def find_tool() -> str:
    """Return the first installed scanner, or ""."""
    for tool in TOOLS:
        if shutil.which(tool):
            return tool
    raise ImageError(
        "--scan: none of grype, trivy, osv-scanner and pip-audit is installed",
        remedy="Install one (pip-audit checks only Python packages), or omit --scan.",
    )


def report_vulnerabilities(sbom: bytes, tool: str = "") -> VulnerabilityReport:
    """Run the scanner on everything in the SBOM."""
    tool = tool or find_tool()
    with tempfile.TemporaryDirectory() as scratch:
        path, requirements = Path(scratch) / "image.cdx.json", Path(scratch) / "requirements.txt"
        path.write_bytes(sbom)
        requirements.write_text(_requirements(sbom), encoding="utf-8")
        command = list(_TOOLS[tool].command(path, requirements))
        try:
            finished = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as failure:
            raise _no_report(tool, str(failure)) from None
    said = _last_words(finished.stderr)
    try:
        # An exit code can mean "found something" or "failed", depending on the scanner. The report is reliable.
        report = json.loads(finished.stdout)
    except ValueError:
        raise _no_report(tool, f"it ended with {finished.returncode}{f' and said: {said}' if said else ''}") from None
    if not isinstance(report, dict) or not any(mark in report for mark in _TOOLS[tool].marks):
        raise _no_report(tool, f"its output is JSON, but not a known report of {tool}")
    try:
        found, unknown = _TOOLS[tool].count(report), _TOOLS[tool].unknown(report)
    except (AttributeError, TypeError):
        raise _no_report(tool, "its output has an unknown structure") from None
    return VulnerabilityReport(tool, found, finished.stdout, unknown)


def _no_report(tool: str, why: str) -> ImageError:
    return ImageError(
        f"{tool} gave no report: {why}",
        remedy=f"{tool} needs its database or service: run it on the SBOM yourself, or omit --scan.",
    )


def _last_words(stderr: bytes) -> str:
    """Return the end of the scanner's output: the last line of a stack trace names the error."""
    text = stderr.decode("utf-8", "replace").strip()
    if "Traceback (most recent call last)" in text:
        text = text.splitlines()[-1]
    return text if len(text) <= _MOST_SAID else f"... {text[-_MOST_SAID:]}"


def _requirements(sbom: bytes) -> str:
    """Return the Python packages as requirements, for a scanner without SBOM support.

    Of two packages with the same name, the function's own comes first, because Python imports that one.
    """
    versions: dict[str, str] = {}
    for each in json.loads(sbom)["components"]:
        if each.get("purl", "").startswith("pkg:pypi/") and each["name"] != "iris-model":
            versions.setdefault(each["name"], each["version"])
    return "".join(f"{name}=={version}\n" for name, version in versions.items())
