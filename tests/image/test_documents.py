"""SBOM and provenance: valid by the standard's own schema, the same each time, and true."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from iris_model.errors import ImageError
from iris_model.image.build import BuiltImage, build_image
from iris_model.image.cache import Cache
from iris_model.image.provenance import render_provenance
from iris_model.image.sbom import render_sbom
from iris_model.image.vulnerabilities import report_vulnerabilities
from iris_model.oci import file_entry, write_layout
from tests.image.test_wheels import write_wheel
from tests.support.base_images import base_image
from tests.support.projects import FakeChoice, write_project


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Cache) -> BuiltImage:
    """An image with a package, on a base with packages of its own."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    write_wheel(tmp_path)
    status = b"Package: libc6\nVersion: 2.36-9+deb12u7\n"
    write_layout(base_image(more=[file_entry("var/lib/dpkg/status", status)]), tmp_path / "base")
    project = write_project(tmp_path / "p", {"requirements.txt": "sample_pkg==1.2\n"})
    choice = FakeChoice("original", needs=("sample_pkg",))
    return build_image(project, base=str(tmp_path / "base"), cache=cache, choose=choice)


def test_the_sbom_is_valid_by_the_schema_of_cyclonedx(built: BuiltImage) -> None:
    errors = JsonStrictValidator(SchemaVersion.V1_6).validate_str(render_sbom(built).decode())
    assert errors is None


def test_the_sbom_names_what_is_in_the_image(built: BuiltImage) -> None:
    document = json.loads(render_sbom(built))
    by_name = {each["name"]: each for each in document["components"]}
    wheel = built.packages[0]
    assert by_name["sample-pkg"]["purl"] == "pkg:pypi/sample-pkg@1.2"
    assert by_name["sample-pkg"]["hashes"] == [{"alg": "SHA-256", "content": wheel.sha256}]
    assert by_name["sample-pkg"]["licenses"] == [{"expression": "MIT"}]
    assert by_name["libc6"]["purl"] == "pkg:deb/debian/libc6@2.36-9%2Bdeb12u7"
    model = built.packaged.directory / "model.safetensors"
    assert by_name["model.safetensors"]["hashes"][0]["content"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert document["metadata"]["component"]["version"] == str(built.image.digest)


def test_provenance_is_a_statement_about_this_image(built: BuiltImage) -> None:
    statement = json.loads(render_provenance(built))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert statement["subject"] == [{"name": "small", "digest": {"sha256": built.image.digest.hex}}]
    predicate = statement["predicate"]
    assert set(predicate) == {"buildDefinition", "runDetails"}
    resolved = {
        each.get("name"): each["digest"]["sha256"] for each in predicate["buildDefinition"]["resolvedDependencies"]
    }
    directory = built.settings.directory
    for name in ("model.pkl", "app.py", "iris-model.toml", "requirements.txt"):
        assert resolved[name] == hashlib.sha256((directory / name).read_bytes()).hexdigest()
    assert resolved["base image"] == built.base.image.digest.hex
    assert resolved[built.packages[0].file] == built.packages[0].sha256
    assert "metadata" not in predicate["runDetails"]


def test_no_time_unless_asked_and_the_same_bytes_again(built: BuiltImage) -> None:
    assert render_provenance(built) == render_provenance(built)
    assert render_sbom(built) == render_sbom(built)
    asked = json.loads(render_provenance(built, started="2026-01-02T03:04:05+00:00"))
    assert asked["predicate"]["runDetails"]["metadata"] == {"startedOn": "2026-01-02T03:04:05+00:00"}


def program(directory: Path, name: str, text: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)


def test_no_tool_for_vulnerabilities(built: BuiltImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(ImageError, match="none of grype, trivy and pip-audit is installed"):
        report_vulnerabilities(render_sbom(built))


@pytest.mark.parametrize(
    ("tool", "answer"),
    [
        ("pip-audit", '{"dependencies": [{"name": "sample-pkg", "vulns": [{"id": "X-1"}]}]}'),
        ("grype", '{"matches": [{"vulnerability": {"id": "X-1"}}]}'),
        ("trivy", '{"Results": [{"Vulnerabilities": [{"VulnerabilityID": "X-1"}]}]}'),
    ],
)
def test_a_tool_is_asked_about_the_packages(
    built: BuiltImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str, answer: str
) -> None:
    (tmp_path / "bin").mkdir()
    keep = f'case $word in */*) cat "${{word#sbom:}}" >{tmp_path}/asked;; esac'
    program(tmp_path / "bin", tool, f"for word in \"$@\"; do {keep}; done\necho '{answer}'\nexit 1\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    found = report_vulnerabilities(render_sbom(built))
    assert (found.tool, found.found) == (tool, 1)
    assert "sample-pkg" in (tmp_path / "asked").read_text()


def test_a_tool_that_fails(built: BuiltImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin", "grype", "echo 'no database' >&2; exit 1\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(ImageError, match="grype gave no report: no database"):
        report_vulnerabilities(render_sbom(built))
