"""SBOM and provenance of a built image in real registries, read back by tools that are not ours."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from iris_model.image.bases.base_files import read_base_files
from iris_model.image.bases.cache import CACHE_VARIABLE
from iris_model.image.destinations.publish import publish
from iris_model.oci import DOCKER, Reference, build_layer, file_entry, read_archive, write_layout
from iris_model.oci.registry import Credentials, RegistryClient, fixed
from tests.oci.samples import sample_image
from tests.support.base_images import base_image
from tests.support.docker_base import plain_base
from tests.support.docker_engine import docker, run_once
from tests.support.docker_registry import RealRegistry, docker_registry, program
from tests.support.ministack_install import ministack_python
from tests.support.ministack_server import ministack
from tests.support.requirement import require

pytestmark = pytest.mark.e2e

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
SBOM, STATEMENT = "application/vnd.cyclonedx+json", "application/vnd.in-toto+json"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    """Debian's: of the specification 1.0, without a list of referrers."""
    require(lambda: program("docker-registry"))
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that `init` makes, and its own base."""
    directory = tmp_path_factory.mktemp("iris")
    write_layout(base_image(), directory / "base")
    command(directory, "init", str(directory / "iris"))
    return directory / "iris"


def command(directory: Path, *arguments: str) -> str:

    done = subprocess.run(
        [sys.executable, "-m", "iris_model.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, CACHE_VARIABLE: str(directory / "cache")},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def skopeo_raw(name: str) -> Any:
    inspect = [require(lambda: program("skopeo")), "inspect", "--raw", "--tls-verify=false", f"docker://{name}"]
    return json.loads(subprocess.run(inspect, capture_output=True, text=True, timeout=60, check=True).stdout)


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:  # a registry of this test
        data: bytes = answer.read()
    return data


def test_documents_of_a_build_in_a_registry_without_a_list(registry: RealRegistry, iris: Path) -> None:
    name = f"{registry.host}/team/iris"
    build = ["build", str(iris), "--base", str(iris.parent / "base"), "-t", f"{name}:1", "--push"]
    pushed = json.loads(command(iris.parent, *build, "--json"))
    hexadecimal = pushed["digest"].removeprefix("sha256:")
    assert pushed["push"]["referrers_tag"] == f"sha256-{hexadecimal}"
    # Lambda pulls one plain manifest, whatever is attached to it.
    image = skopeo_raw(f"{name}:1")
    assert image["mediaType"] == DOCKER.manifest
    assert "subject" not in image
    listed = skopeo_raw(f"{name}:sha256-{hexadecimal}")
    assert listed["mediaType"] == OCI_INDEX
    assert sorted(each["artifactType"] for each in listed["manifests"]) == [SBOM, STATEMENT]
    documents = {}
    for each in listed["manifests"]:
        artifact = skopeo_raw(f"{name}@{each['digest']}")
        assert artifact["subject"]["digest"] == pushed["digest"]
        assert artifact["subject"]["mediaType"] == DOCKER.manifest
        (layer,) = artifact["layers"]
        data = fetch(f"http://{registry.host}/v2/team/iris/blobs/{layer['digest']}")
        assert hashlib.sha256(data).hexdigest() == layer["digest"].removeprefix("sha256:")
        documents[each["artifactType"]] = data
    assert documents[SBOM] == Path(pushed["documents"]["sbom"]).read_bytes()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(documents[SBOM].decode()) is None
    assert json.loads(documents[STATEMENT])["subject"][0]["digest"]["sha256"] == hexadecimal
    again = json.loads(command(iris.parent, *build, "--json"))
    assert again["unchanged"] is True
    assert skopeo_raw(f"{name}:sha256-{hexadecimal}") == listed
    seen = command(iris.parent, "image", "inspect", f"{name}:1")
    assert all(each["digest"] in seen for each in listed["manifests"])
    assert f"listed under the tag sha256-{hexadecimal}" in seen


def test_referrers_of_other_tools_are_kept(registry: RealRegistry) -> None:
    """Written by hand here, as another client does it: an artifact, and the index under the tag."""
    reference, image = Reference.parse(f"{registry.host}/signed:1"), sample_image(b"signed")
    publish(image, reference)
    theirs = {
        "mediaType": OCI_MANIFEST,
        "digest": f"sha256:{'0' * 64}",
        "size": 2,
        "artifactType": "application/vnd.example.signature",
    }
    manifest = json.dumps({**skopeo_raw(str(reference)), "mediaType": OCI_MANIFEST}).encode()
    theirs |= {"digest": f"sha256:{hashlib.sha256(manifest).hexdigest()}", "size": len(manifest)}
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [theirs]}).encode()
    tag = f"sha256-{image.digest.hex}"
    for version, media_type, data in ((theirs["digest"], OCI_MANIFEST, manifest), (tag, OCI_INDEX, index)):
        url = f"http://{registry.host}/v2/signed/manifests/{version}"
        curl = ["curl", "--fail-with-body", "-sS", "-X", "PUT", "-H", f"Content-Type: {media_type}"]
        subprocess.run([*curl, "--data-binary", "@-", url], input=data, check=True, capture_output=True, timeout=30)
    publish(image, reference, documents={SBOM: b"{}"})
    first, second = skopeo_raw(f"{registry.host}/signed:{tag}")["manifests"]
    assert first == theirs
    assert second["artifactType"] == SBOM


def test_ecr_of_ministack_keeps_artifacts_and_no_list(tmp_path: Path) -> None:
    """AWS's ECR lists referrers itself; MiniStack's does not. There the specification's tag is what a client has."""
    require(ministack_python)
    with ministack(tmp_path, SERVICES="ecr,sts") as port:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        ecr = boto3.client("ecr", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", **keys)
        ecr.create_repository(repositoryName="iris", imageTagMutability="IMMUTABLE")
        token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        client = RegistryClient(f"127.0.0.1:{port}", credentials=fixed(Credentials.from_basic(token)))
        image, reference = sample_image(b"one"), Reference.parse(f"127.0.0.1:{port}/iris:1")

        def push(sbom: bytes, referrers: str) -> str:
            documents = {SBOM: sbom, STATEMENT: b"{}"}
            return publish(image, reference, documents=documents, referrers=referrers, connect=lambda host: client).note

        assert "does not list referrers" in push(b"{}", "api")
        assert push(b"{}", "auto") == ""
        assert push(b"{}", "auto") == ""  # nothing to write, so that the immutable tag is no matter
        assert "immutable" in push(b'{"more": 1}', "auto")
        described = ecr.describe_images(repositoryName="iris")["imageDetails"]
        by_tag = {tag: each["imageDigest"] for each in described for tag in each.get("imageTags", ())}
        assert by_tag["1"] == str(image.digest)
        assert set(by_tag) == {"1", f"sha256-{image.digest.hex}"}


SPEC = """\
Name: {name}
{epoch}
Version: 1.2~rc1
Release: 4.amzn2023
Summary: A sample
License: MIT and GPLv2+
Vendor: Amazon Linux
BuildArch: noarch
%description
A sample of the tests.
%files
"""
QUERY = r"%{NAME}|%{EPOCH}|%{VERSION}-%{RELEASE}|%{ARCH}|%{LICENSE}|%{VENDOR}|%{SOURCERPM}\n"


def run_rpm(tool: str, *arguments: str) -> str:
    done = subprocess.run([tool, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_rpm_names_the_same_packages(tmp_path: Path) -> None:
    """A database that rpm made, of packages that rpmbuild made, asked by rpm and by us; in two layers of an image."""
    rpm, rpmbuild = require(lambda: program("rpm")), require(lambda: program("rpmbuild"))
    for name, epoch in (("sample-lib", "Epoch: 3"), ("zsh-plugin", "# none")):
        (tmp_path / f"{name}.spec").write_text(SPEC.format(name=name, epoch=epoch))
        run_rpm(rpmbuild, "--quiet", "--define", f"_topdir {tmp_path}/made", "-bb", f"{tmp_path}/{name}.spec")
    here = ["--root", f"{tmp_path}/root", "--dbpath", "/var/lib/rpm"]
    (tmp_path / "root").mkdir()
    image = base_image()
    expected = ""
    for package in sorted((tmp_path / "made" / "RPMS").rglob("*.rpm")):
        run_rpm(rpm, *here, "--install", "--nodeps", "--ignoreos", str(package))
        expected = run_rpm(rpm, *here, "--query", "--all", "--queryformat", QUERY)
        entries = [
            file_entry(f"var/lib/rpm/{path.name}", path.read_bytes())
            for path in (tmp_path / "root/var/lib/rpm").iterdir()
            if not path.name.startswith(".")
        ]
        image = image.append_layer(build_layer(entries))
    facts = read_base_files(image, "test", "x86_64")
    assert facts.unlisted == ()
    ours = [
        "|".join((p.name, p.epoch or "(none)", p.version, p.architecture, p.license, p.vendor, p.source))
        for p in facts.packages
    ]
    assert sorted(ours) == sorted(expected.split("\n")[:-1])
    assert len(ours) == 2


def test_dpkg_and_python_of_a_container_agree_with_the_sbom(tmp_path: Path) -> None:
    """A whole Debian with a Python of its own: every package that `dpkg-query` names in the container, and no other."""
    base = require(lambda: plain_base("3.11"))
    docker("save", "--output", str(tmp_path / "base.tar"), base, timeout=120)
    facts = read_base_files(read_archive(tmp_path / "base.tar"), "test", "x86_64")
    shown = r"${db:Status-Status}|${Package}|${Version}|${Architecture}|${source:Package}\n"
    lines = run_once(base, "dpkg-query", "--show", "--showformat", shown).splitlines()
    expected = [line.removeprefix("installed|") for line in lines if line.startswith("installed|")]
    ours = [f"{p.name}|{p.version}|{p.architecture}|{p.source or p.name}" for p in facts.packages if p.kind == "deb"]
    assert sorted(ours) == sorted(expected)
    assert len(ours) > 20
    release = run_once(base, "sh", "-c", '. /etc/os-release; echo "$ID|$VERSION_ID|$PRETTY_NAME|${CPE_NAME:-}"')
    assert release.strip() == f"{facts.system.id}|{facts.system.version}|{facts.system.name}|{facts.system.cpe}"
    program = "from importlib.metadata import distributions as d; print([(x.name, x.version) for x in d()])"
    known = {name.lower() for name, _ in eval(run_once(base, "python3", "-c", program))}  # our own print
    assert known <= {p.name for p in facts.packages if p.kind == "pypi"}
