"""SBOM and provenance: valid by the standard's own schema, reproducible, and correct."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from packageurl import PackageURL

from iris_model.image.bases.cache import Cache
from iris_model.image.bases.system_package import OperatingSystem, Package
from iris_model.image.build import BuiltImage, build_image
from iris_model.image.supply_chain.provenance import render_provenance
from iris_model.image.supply_chain.sbom import render_sbom
from iris_model.image.supply_chain.sbom_base import package_url
from iris_model.oci import Reference, file_entry, write_layout
from iris_model.oci.registry import RegistryClient, push
from iris_model.project.caching.user_cache import CACHE_VARIABLE
from tests.image.test_wheels import write_wheel
from tests.support.base_images import base_image
from tests.support.caches import own_cache
from tests.support.projects import FakeChoice, write_project
from tests.support.registry_fake import FakeRegistry, running
from tests.support.rpm_headers import (
    ARCHITECTURE,
    EPOCH,
    LICENSE,
    NAME,
    RELEASE,
    SOURCE,
    VENDOR,
    VERSION,
    rpm_header,
    write_rpm_database,
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuiltImage:
    """An image with a package, on a base with packages of its own: built once, since the tests only read it."""
    tmp_path = tmp_path_factory.mktemp("built")
    write_wheel(tmp_path)
    status = b"Package: libc6\nVersion: 2.36-9+deb12u7\n"
    theirs = b"Name: sample-pkg\nVersion: 1.2\n"  # the base has the package too
    more = [file_entry("var/lib/dpkg/status", status), file_entry("usr/lib/sample.dist-info/METADATA", theirs)]
    write_layout(base_image(more=more), tmp_path / "base")
    project = write_project(tmp_path / "p", {"requirements.txt": "sample_pkg==1.2\n"})
    choice = FakeChoice("original", needs=("sample_pkg",))
    directory = own_cache(tmp_path / "cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(tmp_path))
        patch.setenv(CACHE_VARIABLE, str(directory))
        return build_image(project, base=str(tmp_path / "base"), cache=Cache(directory), choose=choice)


def test_the_sbom_is_valid_by_the_schema_of_cyclonedx(built: BuiltImage) -> None:
    errors = JsonStrictValidator(SchemaVersion.V1_6).validate_str(render_sbom(built).data.decode())
    assert errors is None


def test_the_sbom_names_what_is_in_the_image(built: BuiltImage) -> None:
    document = json.loads(render_sbom(built).data)
    by_name = {each["name"]: each for each in reversed(document["components"])}
    wheel = built.packages[0]
    assert by_name["sample-pkg"]["purl"] == "pkg:pypi/sample-pkg@1.2"
    assert by_name["sample-pkg"]["hashes"] == [{"alg": "SHA-256", "content": wheel.sha256}]
    assert by_name["sample-pkg"]["licenses"] == [{"expression": "MIT"}]
    assert by_name["libc6"]["purl"] == "pkg:deb/debian/libc6@2.36-9%2Bdeb12u7"
    model = built.packaged.directory / "model.safetensors"
    assert by_name["model.safetensors"]["hashes"][0]["content"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert document["metadata"]["component"]["version"] == str(built.image.digest)
    root, base = document["dependencies"]
    assert root["ref"] == document["metadata"]["component"]["bom-ref"]
    assert base["ref"] in root["dependsOn"]
    assert base["dependsOn"] == ["base:pkg:deb/debian/libc6@2.36-9%2Bdeb12u7", "base:pkg:pypi/sample-pkg@1.2"]
    assert "pkg:pypi/sample-pkg@1.2" in root["dependsOn"]


def test_sbom_lists_the_packages_of_an_aws_base(tmp_path: Path, cache: Cache) -> None:
    openssl: dict[int, str | int] = {
        NAME: "openssl-libs", VERSION: "3.0.8", RELEASE: "1.amzn2023", EPOCH: 1, ARCHITECTURE: "x86_64",
        LICENSE: "ASL 2.0", VENDOR: "Amazon Linux", SOURCE: "openssl-3.0.8-1.amzn2023.src.rpm",
    }  # fmt: skip
    more = [
        file_entry("var/lib/rpm/rpmdb.sqlite", write_rpm_database(tmp_path / "rpm" / "db", [rpm_header(openssl)])),
        file_entry("etc/os-release", b'ID="amzn"\nVERSION_ID="2023"\nPRETTY_NAME="Amazon Linux 2023"\n'),
        file_entry("var/lang/include/python3.11/patchlevel.h", b'#define PY_VERSION "3.11.9"\n'),
    ]
    write_layout(base_image("3.11", at="var/lang/bin", more=more), tmp_path / "base")
    built = build_image(
        write_project(tmp_path / "p"), base=str(tmp_path / "base"), cache=cache, choose=FakeChoice("compiled")
    )
    sbom = render_sbom(built)
    assert sbom.unlisted == ()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom.data.decode()) is None
    by_name = {each["name"]: each for each in json.loads(sbom.data)["components"]}
    rpm = by_name["openssl-libs"]
    assert PackageURL.from_string(rpm["purl"]) == PackageURL(
        "rpm",
        "amzn",
        "openssl-libs",
        "3.0.8-1.amzn2023",
        {"arch": "x86_64", "distro": "amzn-2023", "epoch": "1", "upstream": "openssl-3.0.8-1.amzn2023.src.rpm"},
    )
    assert rpm["version"] == "1:3.0.8-1.amzn2023"
    assert rpm["licenses"] == [{"license": {"name": "ASL 2.0"}}]
    assert rpm["publisher"] == "Amazon Linux"
    # trivy reads the name of the system, grype its SWID.
    assert (by_name["amazon"]["type"], by_name["amazon"]["version"]) == ("operating-system", "2023")
    assert by_name["amazon"]["swid"]["name"] == "amzn"
    assert by_name["python"]["cpe"] == "cpe:2.3:a:python:python:3.11.9:*:*:*:*:*:*:*"
    base = by_name["base image"]
    assert base["properties"] == [{"name": "iris-model:packages:rpm", "value": "1"}]


@pytest.mark.parametrize("name", ["g++", "libstdc++6", "perl-Foo:Bar", "a b", "naïve"])
def test_package_urls_are_read_by_others_as_they_were_meant(name: str) -> None:
    package = Package("deb", name, "1:2.3~rc1+b1-4", architecture="amd64", source="src/x&y=z")
    read = PackageURL.from_string(package_url(package, OperatingSystem("ubuntu", "24.04")))
    assert (read.namespace, read.name, read.version) == ("ubuntu", name, "1:2.3~rc1+b1-4")
    assert read.qualifiers == {"arch": "amd64", "distro": "ubuntu-24.04", "upstream": "src/x&y=z"}


def test_a_base_whose_packages_cannot_be_listed_is_reported(tmp_path: Path, cache: Cache) -> None:
    write_layout(base_image(more=[file_entry("var/lib/rpm/Packages", b"bdb")]), tmp_path / "base")
    built = build_image(write_project(tmp_path / "p"), base=str(tmp_path / "base"), cache=cache, choose=FakeChoice())
    sbom = render_sbom(built)
    (reason,) = sbom.unlisted
    assert "Berkeley DB" in reason
    document = json.loads(sbom.data)
    (base,) = [each for each in document["components"] if each["name"] == "base image"]
    assert base["properties"] == [{"name": "iris-model:not-listed", "value": reason}]
    assert document["compositions"] == [{"aggregate": "incomplete", "assemblies": [base["bom-ref"]]}]
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom.data.decode()) is None


def test_a_base_that_is_not_here_is_not_downloaded_for_an_sbom_unless_asked(tmp_path: Path, cache: Cache) -> None:
    status = b"Package: libc6\nVersion: 2.36-9\n"
    image = base_image(
        "3.11", more=[file_entry("var/lib/dpkg/status", status)], environment={"PYTHON_VERSION": "3.11.9"}
    )
    with running(FakeRegistry()) as registry:
        push(RegistryClient(registry.host), image, Reference.parse(f"{registry.host}/python:3.11"))
        built = build_image(
            write_project(tmp_path / "p"), base=f"{registry.host}/python:3.11", cache=cache, choose=FakeChoice()
        )
        closed = render_sbom(built)
        assert "was not downloaded" in closed.unlisted[0]
        assert "libc6" not in closed.data.decode()
        layer = image.layers[0].digest
        assert registry.asked("GET", str(layer)) == []
        opened = render_sbom(built, download=True)
        assert (opened.unlisted, "libc6" in opened.data.decode()) == ((), True)
        assert len(registry.asked("GET", str(layer))) == 1
    # From now on the base is known, and the SBOM of the same image is always the same.
    assert render_sbom(built) == opened


def test_provenance_by_the_rules_of_in_toto_and_slsa(built: BuiltImage) -> None:
    """Read into the types that in-toto publishes: an unknown or misplaced field is an error there."""
    document = json.loads(render_provenance(built, started="2026-01-02T03:04:05+00:00"))
    statement = json_format.ParseDict(document, statement_pb2.Statement())
    Statement.copy_from_pb(statement).validate()
    predicate = json_format.ParseDict(document["predicate"], provenance_pb2.Provenance())
    definition, details = predicate.build_definition, predicate.run_details
    for uri in (document["predicateType"], definition.build_type, details.builder.id):
        assert urlsplit(uri).scheme  # a TypeURI
    assert details.metadata.started_on.ToJsonString() == "2026-01-02T03:04:05Z"
    assert definition.external_parameters["architecture"] == "x86_64"
    for each in definition.resolved_dependencies:
        assert each.uri or each.digest or each.content  # one of them is required of a resource
        assert each.digest["sha256"]


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
