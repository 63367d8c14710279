"""Known vulnerabilities of what is in an image, if a tool that knows them is installed: grype, trivy or pip-audit.

Goes in: the SBOM. Comes out: the tool's own report, as JSON, untouched. We judge nothing ourselves, and send nothing
anywhere; what the tool asks whom is the tool's.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_model.errors import ImageError

_SECONDS = 900
TOOLS = ("grype", "trivy", "pip-audit")


@dataclass(frozen=True)
class VulnerabilityReport:
    """What a tool found."""

    tool: str
    found: int
    report: bytes


def installed_tool() -> str:
    """The first tool that is installed, or nothing."""
    return next((tool for tool in TOOLS if shutil.which(tool)), "")


def report_vulnerabilities(sbom: bytes) -> VulnerabilityReport:
    """Ask the tool about everything that the SBOM names."""
    tool = installed_tool()
    if not tool:
        raise ImageError(
            "--scan: none of grype, trivy and pip-audit is installed",
            remedy="Install one (pip-audit looks at Python packages, the others at the base's too), or leave --scan out.",
        )
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "image.cdx.json"
        path.write_bytes(sbom)
        requirements = Path(scratch) / "requirements.txt"
        requirements.write_text(_requirements(sbom), encoding="utf-8")
        commands = {
            "grype": ["grype", f"sbom:{path}", "--output", "json", "--quiet"],
            "trivy": ["trivy", "sbom", str(path), "--format", "json", "--quiet"],
            "pip-audit": [
                "pip-audit",
                "--requirement",
                str(requirements),
                "--no-deps",
                "--disable-pip",
                "--format",
                "json",
            ],
        }
        said = ""
        try:
            finished = subprocess.run(
                commands[tool], stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
            )
            said = finished.stderr.decode(errors="replace").strip()[-500:]
            report = json.loads(finished.stdout)
        except (OSError, ValueError, subprocess.TimeoutExpired) as failure:
            raise ImageError(
                f"{tool} gave no report: {said or failure}", remedy=f"Run {tool} by hand, or leave --scan out."
            ) from None
    return VulnerabilityReport(tool, _count(tool, report), finished.stdout)


def _requirements(sbom: bytes) -> str:
    components = json.loads(sbom)["components"]
    packages = [
        each for each in components if each.get("purl", "").startswith("pkg:pypi/") and each["name"] != "iris-model"
    ]
    return "".join(f"{each['name']}=={each['version']}\n" for each in packages)


def _count(tool: str, report: Any) -> int:
    if tool == "grype":
        return len(report.get("matches") or ())
    if tool == "trivy":
        return sum(len(each.get("Vulnerabilities") or ()) for each in report.get("Results") or ())
    return sum(len(each.get("vulns") or ()) for each in report.get("dependencies") or ())
