"""SBOM and provenance attached to an image in a registry: where they are listed; the image is correct in any case."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from iris_model.cli import cli
from iris_model.image.destinations.publish import publish
from iris_model.oci import DOCKER, Reference
from iris_model.oci.registry.referrer_tags import fallback_tag
from tests.oci.samples import sample_image
from tests.support.registry_fake import FakeRegistry, running
from tests.support.registry_faults import Answers

SBOM, STATEMENT = "application/vnd.cyclonedx+json", "application/vnd.in-toto+json"
DOCUMENTS = {SBOM: b'{"bomFormat": "CycloneDX"}', STATEMENT: b"{}"}
IMAGE = sample_image(b"one")
TAG = fallback_tag(IMAGE.digest)


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with running(FakeRegistry()) as registry:
        yield registry


def reference(registry: FakeRegistry) -> Reference:
    return Reference.parse(f"{registry.host}/team/iris:1")


def inspected(registry: FakeRegistry) -> dict[str, object]:
    done = CliRunner().invoke(cli, ["image", "inspect", str(reference(registry)), "--no-check", "--json"])
    assert done.exit_code == 0, done.output
    documents = json.loads(done.stdout)["documents"]
    assert isinstance(documents, dict)
    return documents


@pytest.mark.parametrize(
    ("known", "wanted", "tag", "listed"),
    [
        (True, "auto", "", 2),
        (True, "api", "", 2),
        (True, "none", "", 0),
        (False, "auto", TAG, 2),
        (False, "api", "", 0),
        (False, "none", "", 0),
    ],
)
def test_documents_are_listed_as_referrers_or_under_the_tag(
    registry: FakeRegistry, known: bool, wanted: str, tag: str, listed: int
) -> None:
    registry.referrers = known
    for _ in range(2):
        published = publish(IMAGE, reference(registry), documents=DOCUMENTS, referrers=wanted)
        assert published.tag == tag
        assert len(published.attached) == listed
    assert published.report.unchanged
    assert ("does not list referrers" in published.note) is (not known and wanted == "api")
    stored = registry.repositories["team/iris"]
    assert sorted(stored.tags) == sorted(filter(None, ["1", tag]))
    # Never an index around the image: Lambda refuses one.
    assert stored.manifests[stored.tags["1"]][0] == DOCKER.manifest
    beside = inspected(registry)
    assert beside["listed_by"] == ("registry" if known else f"tag {TAG}")
    assert [each["artifact_type"] for each in beside["referrers"]] == list(DOCUMENTS)[:listed]  # type: ignore[attr-defined]


def test_files_have_names_for_tools_that_fetch_them(registry: FakeRegistry) -> None:
    publish(IMAGE, reference(registry), documents=DOCUMENTS)
    manifests = [json.loads(data) for _, data in registry.repositories["team/iris"].manifests.values()]
    titles = {
        each["artifactType"]: each["layers"][0]["annotations"]["org.opencontainers.image.title"]
        for each in manifests
        if "artifactType" in each
    }
    assert titles == {SBOM: "image.cdx.json", STATEMENT: "image.intoto.json"}


def test_an_sbom_that_says_more_is_attached_next_to_the_older_one(registry: FakeRegistry) -> None:
    for more in (b"{}", b'{"more": 1}', b'{"more": 1}'):
        publish(IMAGE, reference(registry), documents={SBOM: more})
    assert len(inspected(registry)["referrers"]) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize("broken", ["referrers", f"manifests/sha256:(?!{IMAGE.digest.hex})", "manifests/sha256-"])
@pytest.mark.parametrize("status", [403, 400])
def test_the_image_is_pushed_if_its_documents_fail(registry: FakeRegistry, broken: str, status: int) -> None:
    registry.referrers = False
    registry.faults = [
        Answers(method, broken, times=99, status=status, code="DENIED", message="no artifacts here")
        for method in ("GET", "PUT")
    ]
    published = publish(IMAGE, reference(registry), documents=DOCUMENTS)
    assert registry.tag("team/iris", "1") == str(IMAGE.digest)
    if (broken, status) == ("referrers", 400):  # as some say who do not know the request: then there is the tag
        assert published.tag == TAG
    else:
        assert "were not attached to the image" in published.note
        assert "no artifacts here" in published.note
        assert published.attached == ()


def test_a_registry_that_does_not_list_referrers(registry: FakeRegistry) -> None:
    publish(IMAGE, reference(registry), documents=DOCUMENTS)
    registry.faults = [Answers("GET", "referrers", times=99, status=403, code="DENIED", message="not for you")]
    assert "not for you" in str(inspected(registry)["problem"])


def test_push_of_a_file_takes_its_documents_along_if_they_are_about_it(registry: FakeRegistry, tmp_path) -> None:
    from iris_model.oci import write_layout

    write_layout(IMAGE, tmp_path / "image")
    sbom, statement = tmp_path / "image.cdx.json", tmp_path / "image.intoto.json"
    sbom.write_text(json.dumps({"metadata": {"component": {"version": str(IMAGE.digest)}}}))
    statement.write_text(json.dumps({"subject": [{"digest": {"sha256": "0" * 64}}]}))  # of another build
    done = CliRunner().invoke(cli, ["push", str(tmp_path / "image"), str(reference(registry)), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["attached"] == [SBOM]
    statement.write_text(json.dumps({"subject": [{"digest": {"sha256": IMAGE.digest.hex}}]}))
    said = CliRunner().invoke(cli, ["push", str(tmp_path / "image"), str(reference(registry))]).output
    assert "SBOM and provenance are attached, listed by the registry" in said
    assert len(inspected(registry)["referrers"]) == 2  # type: ignore[arg-type]
    files = CliRunner().invoke(cli, ["image", "inspect", str(tmp_path / "image")]).output
    assert f"document     {sbom}" in files
    assert f"document     {statement}" in files
