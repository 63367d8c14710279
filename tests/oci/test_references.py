"""Image references: the grammar, the parts that Docker makes optional, and a message for each mistake."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iris_model.errors import InvalidReference
from iris_model.oci import Digest, Reference

HEX = "a" * 64


@pytest.mark.parametrize(
    ("text", "registry", "name", "tag", "digest"),
    [
        ("python", "docker.io", "library/python", "latest", ""),
        ("team/model:1.4", "docker.io", "team/model", "1.4", ""),
        ("index.docker.io/python:3", "docker.io", "library/python", "3", ""),
        ("localhost/model", "localhost", "model", "latest", ""),
        ("localhost:5000/a/b/c:X_y.z-1", "localhost:5000", "a/b/c", "X_y.z-1", ""),
        ("[::1]:5000/model", "[::1]:5000", "model", "latest", ""),
        ("public.ecr.aws/lambda/python:3.13", "public.ecr.aws", "lambda/python", "3.13", ""),
        (f"ghcr.io/a/b@sha256:{HEX}", "ghcr.io", "a/b", "", f"sha256:{HEX}"),
        (f"ghcr.io/a/b:7@sha256:{HEX}", "ghcr.io", "a/b", "7", f"sha256:{HEX}"),
        ("host.example/a__b/c.d/e---f", "host.example", "a__b/c.d/e---f", "latest", ""),
        ("MyHost.example/model", "MyHost.example", "model", "latest", ""),
    ],
)
def test_parts_of_a_reference(text: str, registry: str, name: str, tag: str, digest: str) -> None:
    reference = Reference.parse(text)
    assert (reference.repository.registry, reference.repository.name) == (registry, name)
    assert (reference.tag, str(reference.digest or "")) == (tag, digest)
    assert reference.version == (digest or tag)
    assert Reference.parse(str(reference)) == reference


@pytest.mark.parametrize(
    ("text", "why", "way_out"),
    [
        ("", "empty", "Use a reference"),
        ("Team/Model:1", "'Team/Model' has capitals", "'team/model'"),
        ("host.example/Model", "has capitals", "'model'"),
        ("model: 1", "has ' ' in it", "'model:1'"),
        ("model\n", "has '\\n' in it", "'model'"),
        ("model:", "the tag is empty", "latest"),
        ("model:.1", "no '.' or '-' first", "Choose a tag"),
        ("model:a/b:ü", "the tag is 'ü'", "Choose a tag"),
        ("model:" + "t" * 129, "129 characters", "Choose a tag"),
        ("model@sha256:abc", "expected 64 hexadecimal digits", "Copy the whole digest"),
        ("model@sha256:" + "A" * 64, "lower case", "Copy the whole digest"),
        ("model@md5:" + "a" * 32, "expected sha256 or sha512", "Copy"),
        ("model@" + HEX, "has no algorithm", "Copy"),
        ("https://host.example/model", "no scheme", "host.example/model"),
        ("host.example:port/model", "not the name of a registry", "host:port"),
        ("host.example:65536/model", "not the name of a registry", "host:port"),
        ("host.example:0/model", "not the name of a registry", "host:port"),
        ("[::::::::]:5000/model", "not the name of a registry", "host:port"),
        ("host.example/", "has no repository", "registry/repository"),
        ("host.example/a//b", "an empty part", "slashes"),
        ("host.example/a_/b", "the part 'a_'", "slashes"),
        ("host.example/" + "a" * 256, "256 characters", "Shorten"),
    ],
)
def test_each_mistake_has_its_sentence(text: str, why: str, way_out: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        Reference.parse(text)
    assert why in caught.value.problem
    assert way_out in caught.value.remedy
    if text:
        assert repr(text) in caught.value.problem


component = st.from_regex(r"\A[a-z0-9]+((\.|_|__|-{1,3})[a-z0-9]+){0,2}\Z")
registry = st.from_regex(r"\A[a-z][a-z0-9]{0,8}\.example(:[1-9][0-9]{0,3})?\Z")


@settings(deadline=None, max_examples=60)
@given(
    registry,
    st.lists(component, min_size=1, max_size=3),
    st.from_regex(r"\A([A-Za-z0-9_][A-Za-z0-9._-]{0,20})?\Z"),
    st.booleans(),
)
def test_references_of_the_grammar_round_trip(host: str, parts: list[str], tag: str, pinned: bool) -> None:
    text = f"{host}/{'/'.join(parts)}{f':{tag}' if tag else ''}{f'@sha256:{HEX}' if pinned else ''}"
    reference = Reference.parse(text)
    assert reference.repository.registry == host
    assert reference.repository.name == "/".join(parts)
    assert reference.tag == (tag or ("" if pinned else "latest"))
    assert reference.digest == (Digest("sha256", HEX) if pinned else None)
    assert Reference.parse(str(reference)) == reference


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_reference_or_a_mistake(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except InvalidReference as wrong:
        assert wrong.remedy
    else:
        assert Reference.parse(str(reference)) == reference
