"""`iris-model openapi`: print the OpenAPI document of an endpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from iris_model.cli.render.output import echo_json, progress
from iris_model.cli.render.outputs import project_inputs, refuse_overwriting
from iris_model.cli.terminal import echo
from iris_model.contract.file_names import SIGNATURE_SUFFIX
from iris_model.contract.function_file import FunctionFile, read_function_file
from iris_model.contract.golden import as_sent, first_row


@click.command()
@click.argument("project", type=click.Path(path_type=Path), default=".")
@click.option(
    "--server", metavar="URL", help="Address of the endpoint, without the stage. The default is the local Lambda."
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to this file instead of stdout."
)
def openapi(project: Path, server: str | None, output: Path | None) -> None:
    """Print the OpenAPI 3.1 document of the endpoint.

    It describes requests, answers and errors for this model. Use it for documentation, client generators and tests.

    \b
    Example:
      iris-model openapi . -o openapi.json
      iris-model openapi . --server https://abc123.execute-api.us-east-1.amazonaws.com
    """
    from iris_model.cli.sources.function import find_function
    from iris_model.project.disk import write_replacing
    from iris_model.project.openapi import build_openapi

    if output is not None:
        refuse_overwriting(output, project_inputs(project))
    with progress() as on_step:
        directory = find_function(project, on_step).directory
    if output is not None:
        refuse_overwriting(output, (path for path in directory.rglob("*") if path.is_file()))
    function = read_function_file(directory)
    signature, source = _read_signature(directory, function)
    row = first_row(directory)
    document = build_openapi(
        function,
        signature,
        version=source["sha256"][:12] or "0",
        server=server,
        example_row=None if row is None else as_sent(row, signature["columns"]),
    )
    if output is None:
        echo_json(document)
        return
    write_replacing(output, f"{json.dumps(document, indent=2, ensure_ascii=False)}\n".encode())
    echo(f"{output} is written.", err=True)


def _read_signature(directory: Path, function: FunctionFile) -> tuple[dict[str, Any], dict[str, Any]]:
    from iris_model.errors import ProjectError

    name = function.get("model")
    if not name:
        raise ProjectError(
            f"{directory} has no model, so there is no signature to describe",
            remedy="Pass a project or a function directory with a model.",
        )
    model = directory / name
    if model.suffix == ".safetensors":
        from iris_model.engine import load

        compiled = load(str(model))
        return compiled.signature, compiled.source
    description = json.loads(model.with_suffix(SIGNATURE_SUFFIX).read_bytes())
    return description["signature"], description["source"]
