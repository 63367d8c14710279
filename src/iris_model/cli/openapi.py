"""`iris-model openapi`: the OpenAPI document of a function's endpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from iris_model.cli.output import echo_json, progress


@click.command()
@click.argument("project", type=click.Path(path_type=Path), default=".")
@click.option("--server", metavar="URL", help="Address of the endpoint, before the stage; else the local Lambda's.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it to a file.")
def openapi(project: Path, server: str | None, output: Path | None) -> None:
    """Print the OpenAPI 3.1 document of the endpoint.

    It is made from the model's signature: what a row is, what an answer is, what is refused. For documentation, for client
    generators, for fuzzing.

    \b
    Example:
      iris-model openapi . -o openapi.json
      iris-model openapi . --server https://abc123.execute-api.us-east-1.amazonaws.com
    """
    from iris_model.cli.function import find_function
    from iris_model.errors import ProjectError
    from iris_model.project.openapi import build_openapi

    with progress() as on_step:
        directory = find_function(project, on_step).directory
    function = json.loads((directory / "function.json").read_bytes())
    signature, source = _read_signature(directory, function)
    document = build_openapi(
        function, signature, version=source["sha256"][:12] or "0", server=server, example_row=_first_row(directory)
    )
    if output is None:
        echo_json(document)
        return
    try:
        output.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ProjectError(f"{output} cannot be written ({error.strerror}).", remedy="Name another file.") from None
    click.echo(f"{output} is written.", err=True)


def _read_signature(directory: Path, function: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    from iris_model.errors import ProjectError

    name = function.get("model")
    if not name:
        raise ProjectError(
            f"{directory} has no model, so there is no signature to describe.",
            remedy="Name a project or a function directory with a model.",
        )
    model = directory / name
    if model.suffix == ".safetensors":
        from iris_model.engine import load

        compiled = load(str(model))
        return compiled.signature, compiled.source
    description = json.loads(model.with_suffix(".signature.json").read_bytes())
    return description["signature"], description["source"]


def _first_row(directory: Path) -> list[Any] | None:
    try:
        row: list[Any] = json.loads((directory / "golden.json").read_bytes())[0]["row"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return row
