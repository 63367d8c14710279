"""`--scan`: stand-ins with documented answers replace the tools that are not available here; pip-audit is real."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from iris_model.cli import cli
from iris_model.errors import ImageError
from iris_model.image.supply_chain.vulnerabilities import report_vulnerabilities
from iris_model.oci import write_layout
from tests.support.base_images import base_image
from tests.support.caches import own_cache
from tests.support.requirement import Missing, require
from tests.support.rie_process import free_port

SBOM = json.dumps(
    {
        "components": [
            {"name": "requests", "version": "2.19.0", "purl": "pkg:pypi/requests@2.19.0"},
            {"name": "libc6", "version": "2.36-9", "purl": "pkg:deb/debian/libc6@2.36-9"},
            {"name": "requests", "version": "2.32.0", "purl": "pkg:pypi/requests@2.32.0"},
            {"name": "iris-model", "version": "0.1.0", "purl": "pkg:pypi/iris-model@0.1.0"},
        ]
    }
).encode()
# The shapes that each tool documents, shortened to what makes them that shape.
GRYPE = {
    "matches": [
        {
            "vulnerability": {
                "id": "GHSA-x84v-xcm2-53pg",
                "severity": "High",
                "fix": {"versions": ["2.20.0"], "state": "fixed"},
            },
            "relatedVulnerabilities": [{"id": "CVE-2018-18074"}],
            "matchDetails": [{"type": "exact-direct-match", "matcher": "python-matcher"}],
            "artifact": {"name": "requests", "version": "2.19.0", "type": "python", "purl": "pkg:pypi/requests@2.19.0"},
        }
    ],
    "ignoredMatches": [{"vulnerability": {"id": "CVE-1"}, "appliedIgnoreRules": [{}]}],
    "source": {"type": "image", "target": {}},
    "distro": {"name": "debian", "version": "12", "idLike": None},
    "descriptor": {"name": "grype", "version": "0.100.0"},
}
TRIVY = {
    "SchemaVersion": 2,
    "ArtifactName": "image.cdx.json",
    "ArtifactType": "cyclonedx",
    "Results": [
        {"Target": "image.cdx.json (debian 12)", "Class": "os-pkgs", "Type": "debian"},
        {
            "Target": "Python",
            "Class": "lang-pkgs",
            "Type": "python-pkg",
            "Vulnerabilities": [{"VulnerabilityID": "CVE-2018-18074", "PkgName": "requests", "Severity": "HIGH"}],
        },
    ],
}
OSV = {
    "results": [
        {
            "source": {"path": "/tmp/image.cdx.json", "type": "sbom"},
            "packages": [
                {
                    "package": {"name": "requests", "version": "2.19.0", "ecosystem": "PyPI"},
                    "vulnerabilities": [{"id": "GHSA-x84v-xcm2-53pg"}, {"id": "PYSEC-2018-28"}],
                    "groups": [{"ids": ["GHSA-x84v-xcm2-53pg", "PYSEC-2018-28"]}],
                }
            ],
        }
    ]
}
PIP_AUDIT = {
    "dependencies": [
        {"name": "requests", "version": "2.19.0", "vulns": [{"id": "PYSEC-2018-28", "fix_versions": ["2.20.0"]}]},
        {"name": "private", "skip_reason": "Dependency not found on PyPI"},
    ],
    "fixes": [],
}


def stand_in(directory: Path, name: str, answer: object, *, status: int = 0, said: str = "") -> Path:
    """A program of that name; it keeps what it was asked with, and copies of the files that it was given."""
    directory.mkdir(exist_ok=True)
    (directory / "answer").write_text(answer if isinstance(answer, str) else json.dumps(answer))
    program = directory / name
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >{directory}/arguments\n'
        'for word in "$@"; do file="${word#sbom:}"; file="${file#--sbom=}"\n'
        f'test -f "$file" && cp "$file" {directory}/asked; done\n'
        f"cat {directory}/answer\necho '{said}' >&2\nexit {status}\n"
    )
    program.chmod(0o755)
    return directory


def only(monkeypatch: pytest.MonkeyPatch, *directories: Path) -> None:
    monkeypatch.setenv("PATH", ":".join([*map(str, directories), "/bin"]))


@pytest.mark.parametrize(
    ("tool", "answer", "status", "unknown"),
    [
        ("grype", GRYPE, 0, ()),
        ("grype", GRYPE, 2, ()),  # with a limit on the severity in its own settings
        ("trivy", TRIVY, 0, ()),
        ("osv-scanner", OSV, 1, ()),
        ("pip-audit", PIP_AUDIT, 1, ("private: Dependency not found on PyPI",)),
    ],
)
def test_reports_of_each_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str, answer: object, status: int, unknown: tuple[str, ...]
) -> None:
    directory = stand_in(tmp_path / "bin", tool, answer, status=status)
    only(monkeypatch, directory)
    found = report_vulnerabilities(SBOM)
    assert (found.tool, found.found, found.unknown) == (tool, 1, unknown)
    assert json.loads(found.report) == answer
    asked = (directory / "asked").read_text()
    if tool == "pip-audit":
        assert asked == "requests==2.19.0\n"  # one version of a name, or it refuses the file
    else:
        assert asked.encode() == SBOM


@pytest.mark.parametrize(
    ("tool", "answer"),
    [
        ("grype", {"matches": []}),
        ("trivy", {"SchemaVersion": 2, "ArtifactName": "image.cdx.json"}),
        ("trivy", {"SchemaVersion": 2, "Results": None}),
        ("osv-scanner", {"results": []}),
        ("pip-audit", {"dependencies": [], "fixes": []}),
    ],
)
def test_nothing_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str, answer: object) -> None:
    only(monkeypatch, stand_in(tmp_path / "bin", tool, answer))
    assert report_vulnerabilities(SBOM).found == 0


@pytest.mark.parametrize(
    ("answer", "said", "told"),
    [
        ("", "no vulnerability database", "it ended with 1 and said: no vulnerability database"),
        ("", "", "it ended with 1"),
        ("half {", "", "it ended with 1"),
        ("[]", "", "not a known report of grype"),
        ({"dependencies": []}, "", "not a known report of grype"),
        ({"matches": 7}, "", "unknown structure"),
        ("", "Traceback (most recent call last):\n  File\nValueError: the reason", "and said: ValueError: the reason"),
    ],
)
def test_a_tool_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: object, said: str, told: str
) -> None:
    only(monkeypatch, stand_in(tmp_path / "bin", "grype", answer, status=1, said=said))
    with pytest.raises(ImageError) as caught:
        report_vulnerabilities(SBOM)
    assert told in caught.value.problem
    assert "omit --scan" in caught.value.remedy


def real_pip_audit() -> Path:
    """The directory of the one that is installed with the test tools."""
    directory = Path(sys.executable).parent
    if not (directory / "pip-audit").exists():
        raise Missing("there is no pip-audit next to this Python")
    return directory


@pytest.mark.slow
def test_the_real_pip_audit_without_its_service(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, require(real_pip_audit))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ImageError, match=r"pip-audit gave no report: it ended with 1 and said: .*(P|p)roxy"):
        report_vulnerabilities(SBOM)
    # Asked about nothing, it needs no service: the compiled model of a small image has no packages.
    nothing = report_vulnerabilities(b'{"components": []}')
    assert (nothing.found, nothing.unknown) == (0, ())


def test_a_failing_scan_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRIS_MODEL_CACHE", str(own_cache(tmp_path / "cache")))
    write_layout(base_image(), tmp_path / "base")
    project = tmp_path / "iris"
    assert CliRunner().invoke(cli, ["init", str(project)]).exit_code == 0
    build = ["build", str(project), "--base", str(tmp_path / "base"), "--scan"]
    only(monkeypatch, tmp_path / "nothing")
    early = CliRunner().invoke(cli, build)
    assert early.exit_code == 1
    assert "none of grype, trivy, osv-scanner and pip-audit is installed" in early.output
    assert not (project / ".iris-model" / "image").exists()  # said before anything was built
    only(monkeypatch, stand_in(tmp_path / "bin", "grype", "", status=1, said="no database"))
    late = CliRunner().invoke(cli, build)
    assert late.exit_code == 1
    assert "grype gave no report" in late.output
    assert "Only the report is missing" in late.output
    assert (project / ".iris-model" / "image" / "index.json").exists()
    document = CliRunner().invoke(cli, [*build, "--json"])
    assert document.exit_code == 1
    assert "no database" in json.loads(document.stdout)["vulnerabilities"]["problem"]
    only(monkeypatch, stand_in(tmp_path / "bin", "grype", GRYPE))
    done = CliRunner().invoke(cli, build)
    report = project / ".iris-model" / "image.vulnerabilities.json"
    assert f"grype found 1 vulnerabilities in what is in it: {report}" in done.output
    assert json.loads(report.read_bytes()) == GRYPE


def test_packages_unknown_to_a_tool_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pip-audit does it when its index does not know them: it ends with 0 and says that nothing was found."""
    monkeypatch.setenv("IRIS_MODEL_CACHE", str(own_cache(tmp_path / "cache")))
    write_layout(base_image(), tmp_path / "base")
    CliRunner().invoke(cli, ["init", str(tmp_path / "iris")])
    answer = {"dependencies": [{"name": "private", "skip_reason": "Dependency not found on PyPI"}], "fixes": []}
    only(monkeypatch, stand_in(tmp_path / "bin", "pip-audit", answer))
    done = CliRunner().invoke(cli, ["build", str(tmp_path / "iris"), "--base", str(tmp_path / "base"), "--scan"])
    assert "pip-audit found 0 vulnerabilities in the Python packages in it" in done.output
    assert "pip-audit does not know 1 packages, and they may be vulnerable: private" in done.output
