"""`iris-model image`: inspect an image, or compare two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from iris_model.cli.render.image_text import echo_documents, echo_findings
from iris_model.cli.render.output import echo_json, json_option, progress, show_size
from iris_model.cli.terminal import echo
from iris_model.cli.verbosity import echo_note

_MOST = 40


@click.group()
def image() -> None:
    """Inspect an image, or compare two.

    REF is an image in a registry, an OCI layout, or an archive. If a layout or an archive contains several images,
    PATH@NAME selects one. A name without a registry is looked up in Docker Engine on this machine first.

    \b
    Example:
      iris-model image inspect .iris-model/image
      iris-model image diff registry.example/team/iris:1 .iris-model/image
    """


@image.command(short_help="Show config, layers and referrers of an image.")
@click.argument("ref")
@click.option(
    "--platform", metavar="OS/ARCH", help="Platform to select from a multi-platform image, such as linux/arm64."
)
@click.option(
    "--no-check",
    is_flag=True,
    help="Do not check the layers. Only manifest, config and the list of referrers are downloaded.",
)
@json_option
def inspect(ref: str, platform: str | None, no_check: bool, as_json: bool) -> None:
    """Show config, layers and referrers of an image, and what AWS Lambda would refuse.

    \b
    Example:
      iris-model image inspect .iris-model/image
      iris-model image inspect public.ecr.aws/lambda/python:3.13 --no-check
    """
    from iris_model.image.examine import describe, opening
    from iris_model.image.supply_chain.attached import describe_documents
    from iris_model.oci import Platform

    with progress() as on_step:
        on_step(f"Reading {ref}")
        with opening(ref, platform=Platform.parse(platform) if platform else None) as (opened, is_local):
            document = describe(opened, check=not no_check)
            # Docker Engine stores no referrers. The registry may have referrers for this name, but of another image.
            document["documents"] = {"files": []} if is_local else describe_documents(ref, opened)
    if is_local:
        echo_note(f"{ref} is in Docker Engine on this machine.{_explain_digest(document)}")
    if as_json:
        echo_json(document)
        return
    config = document["config"]
    echo(f"{document['digest']} for {document['platform']}, {document['media_type']}")
    echo(f"entry point  {' '.join(config['entrypoint'])}")
    echo(f"command      {' '.join(config['cmd'])}")
    echo(f"directory    {config['working_directory']}")
    for name, value in config["environment"].items():
        echo(f"environment  {name}={value}")
    for name, value in config["labels"].items():
        echo(f"label        {name}={value}")
    for layer in document["layers"]:
        echo(f"layer        {layer['digest']} {show_size(layer['compressed_bytes']):>10}  {layer['created_by'][:60]}")
    echo_documents(document["documents"])
    if "findings" in document:
        echo_findings(document["findings"])


def _explain_digest(document: Mapping[str, Any]) -> str:
    """Return why the digest is not the one that `build` printed; empty if it is the same."""
    if not any(layer["digest"] == layer["diff_id"] for layer in document["layers"]):
        return ""
    return (
        " Docker Engine stores the layers uncompressed, so this digest differs from that of `build`; "
        f"its ID is {document['config']['digest']}."
    )


@image.command(short_help="Show the differences between two images.")
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@json_option
def diff(one: str, other: str, as_json: bool) -> None:
    """Show the differences between two images: config, files, and bytes to push.

    Layers that both images have are not opened. The exit code is 0 even if they differ. In a script, use
    the key "equal" of --json.

    \b
    Example:
      iris-model image diff registry.example/team/iris:1 .iris-model/image
    """
    from iris_model.image.examine import compare, opening

    with progress() as on_step, opening(one) as (first, _), opening(other) as (second, _):
        on_step(f"Comparing {one} and {other}")
        found = compare(first, second)
    if as_json:
        echo_json(found.to_document())
        return
    for name, (before, after) in found.config.items():
        echo(f"~ {name}: {before!r} -> {after!r}")
    lines = [f"+ /{path} {show_size(state.size)}" for path, state in found.added.items()]
    lines += [f"- /{path} {show_size(state.size)}" for path, state in found.removed.items()]
    lines += [
        f"~ /{path} {show_size(before.size)} -> {show_size(after.size)}"
        for path, (before, after) in found.changed.items()
    ]
    for line in lines[:_MOST]:
        echo(line)
    if len(lines) > _MOST:
        echo(f"... and {len(lines) - _MOST} more; --json has all of them")
    if found.equal:
        echo("The images run the same way.")
    echo(f"{found.shared_layers} layers are the same. New in B: {show_size(found.new_bytes)} compressed.")
