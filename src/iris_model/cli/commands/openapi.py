"""`iris-model openapi`: print the OpenAPI document of an endpoint."""

from __future__ import annotations

import json
from pathlib import Path

import click

from iris_model.cli.render.output import echo_json, progress
from iris_model.cli.render.outputs import project_inputs, refuse_overwriting
from iris_model.cli.sources.api_document import build_document
from iris_model.cli.terminal import echo


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

    if output is not None:
        refuse_overwriting(output, project_inputs(project))
    with progress() as on_step:
        directory = find_function(project, on_step).directory
    if output is not None:
        refuse_overwriting(output, (path for path in directory.rglob("*") if path.is_file()))
    document = build_document(directory, server)
    if output is None:
        echo_json(document)
        return
    write_replacing(output, f"{json.dumps(document, indent=2, ensure_ascii=False)}\n".encode())
    echo(f"{output} is written.", err=True)
