"""`iris-model image`: looks into images, ours or not."""

from __future__ import annotations

import click

from iris_model.cli.image_text import echo_beside, echo_findings
from iris_model.cli.output import echo_json, json_option, progress, show_size

_MOST = 40


@click.group()
def image() -> None:
    """Look into an image, or compare two.

    REF is an image in a registry, an OCI layout or an archive on disk; PATH@NAME names one of several in a file.

    \b
    Example:
      iris-model image inspect .iris-model/image
      iris-model image diff registry.example/team/iris:1 .iris-model/image
    """


@image.command()
@click.argument("ref")
@click.option("--platform", metavar="OS/ARCH", help="Which image of an index.")
@click.option(
    "--no-check",
    is_flag=True,
    help="Leave the layers closed: of a registry nothing but manifest, config and the list of referrers is fetched.",
)
@json_option
def inspect(ref: str, platform: str | None, no_check: bool, as_json: bool) -> None:
    """Show config and layers of an image, what lies beside it, and what AWS Lambda would say of it.

    \b
    Example:
      iris-model image inspect .iris-model/image
      iris-model image inspect public.ecr.aws/lambda/python:3.13 --no-check
    """
    from iris_model.image.beside import describe_beside
    from iris_model.image.examine import describe, open_image
    from iris_model.oci import Platform

    with progress() as on_step:
        on_step(f"Reading {ref}")
        opened = open_image(ref, platform=Platform.parse(platform) if platform else None)
        document = {**describe(opened, check=not no_check), "beside": describe_beside(ref, opened)}
    if as_json:
        echo_json(document)
        return
    config = document["config"]
    click.echo(f"{document['digest']} for {document['platform']}, {document['media_type']}")
    click.echo(f"entry point  {' '.join(config['entrypoint'])}")
    click.echo(f"command      {' '.join(config['cmd'])}")
    click.echo(f"directory    {config['working_directory']}")
    for name, value in config["environment"].items():
        click.echo(f"environment  {name}={value}")
    for name, value in config["labels"].items():
        click.echo(f"label        {name}={value}")
    for layer in document["layers"]:
        click.echo(
            f"layer        {layer['digest']} {show_size(layer['compressed_bytes']):>10}  {layer['created_by'][:60]}"
        )
    echo_beside(document["beside"])
    if "findings" in document:
        echo_findings(document["findings"])


@image.command()
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@json_option
def diff(one: str, other: str, as_json: bool) -> None:
    """Show how image B differs from image A: config, files, and what a push of B sends after A.

    Layers that both have are not opened. Exits with 0 whether they differ or not; --json has "equal".

    \b
    Example:
      iris-model image diff registry.example/team/iris:1 .iris-model/image
    """
    from iris_model.image.examine import compare, open_image

    with progress() as on_step:
        on_step(f"Comparing {one} and {other}")
        found = compare(open_image(one), open_image(other))
    if as_json:
        echo_json(found.to_document())
        return
    for name, (before, after) in found.config.items():
        click.echo(f"~ {name}: {before!r} -> {after!r}")
    lines = [f"+ /{path} {show_size(state.size)}" for path, state in found.added.items()]
    lines += [f"- /{path} {show_size(state.size)}" for path, state in found.removed.items()]
    lines += [
        f"~ /{path} {show_size(before.size)} -> {show_size(after.size)}"
        for path, (before, after) in found.changed.items()
    ]
    for line in lines[:_MOST]:
        click.echo(line)
    if len(lines) > _MOST:
        click.echo(f"... and {len(lines) - _MOST} more; --json has all of them")
    if found.equal:
        click.echo("Nothing that runs differs.")
    click.echo(f"{found.shared_layers} layers are the same; new in B: {show_size(found.new_bytes)}, compressed.")
