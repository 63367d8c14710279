"""`iris-model serve`: the local Lambda."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iris_model.cli.output import json_option, progress
from iris_model.cli.sandbox_options import sandbox_options

if TYPE_CHECKING:
    from iris_model.local import Addresses, SandboxSettings


@click.command()
@click.argument("project", type=click.Path(path_type=Path), default=".")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=9000, show_default=True, help="Port; 0 takes a free one."
)
@click.option(
    "--runtime",
    type=click.Choice(["iris_model", "awslambdaric"]),
    default="iris_model",
    show_default=True,
    help="What runs the handler: ours, or the runtime client of AWS, which must be installed.",
)
@click.option("--memory", type=int, metavar="MB", help="In place of the memory in iris-model.toml.")
@click.option("--timeout", type=float, metavar="SECONDS", help="In place of the timeout in iris-model.toml.")
@click.option("--concurrency", type=int, metavar="N", help="Reserved concurrency: at most N invocations at a time.")
@sandbox_options
@json_option
def serve(
    project: Path,
    host: str,
    port: int,
    runtime: str,
    memory: int | None,
    timeout: float | None,
    concurrency: int | None,
    sandbox: SandboxSettings,
    as_json: bool,
) -> None:
    """Run a function here as AWS Lambda runs it.

    PROJECT is a project, which is packaged first, or a function directory. The Invoke API answers boto3, the AWS CLI and
    curl; the HTTP API answers at the route. Every concurrent invocation has a process of its own. Ctrl-C ends it all.

    \b
    Example:
      iris-model serve examples/iris
      iris-model serve . --port 9001 --memory 256 --concurrency 2
    """
    from iris_model.cli.function import find_function

    with progress() as on_step:
        settings = find_function(
            project,
            on_step,
            memory_mib=memory,
            timeout_seconds=timeout,
            reserved_concurrency=concurrency,
            runtime=runtime,
            sandbox=sandbox,
        )
    payload = example_payload(settings.directory)

    def show_ready(addresses: Addresses) -> None:
        lines = curl_lines(addresses, payload)
        if as_json:
            value = {"page": addresses.page, "function": addresses.function, "route": addresses.route, "curl": lines}
            click.echo(json.dumps(value))
            return
        click.echo(f"{settings.name} is served; Ctrl-C ends it.\n")
        for title, line in zip(("Invoke API", "HTTP API"), lines, strict=True):
            click.echo(f"  {title:<11}{line}")
        click.echo(f"  {'Page':<11}{addresses.page}\n")

    from iris_model.local import serve as serve_function

    serve_function(
        settings, host=host, port=port, on_ready=show_ready, on_log=lambda line: click.echo(line.rstrip(), err=True)
    )


def example_payload(function_directory: Path) -> str:
    """Take the first golden row, which the model is known to answer."""
    try:
        row = json.loads((function_directory / "golden.json").read_bytes())[0]["row"]
    except (OSError, ValueError, LookupError, TypeError):
        row = []  # a function of another making: an empty list is JSON at least
    return json.dumps(row, separators=(",", ":"), ensure_ascii=False)


def curl_lines(addresses: Addresses, payload: str) -> list[str]:
    """Write the lines to paste: the Invoke API, then the HTTP API."""
    header = "-H 'Content-Type: application/json' "
    return [
        f"curl -XPOST {shlex.quote(addresses.function)} -d {shlex.quote(payload)}",
        f"curl -XPOST {shlex.quote(addresses.route)} {header}-d {shlex.quote(payload)}",
    ]
