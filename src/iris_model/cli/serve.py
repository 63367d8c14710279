"""`iris-model serve`: the local Lambda."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iris_model.cli.environment_options import read_environment
from iris_model.cli.garbage import collect_as_usual
from iris_model.cli.http_options import HttpOptions, http_options
from iris_model.cli.output import json_option, progress
from iris_model.cli.reloading import reloading
from iris_model.cli.sandbox_options import sandbox_options
from iris_model.cli.serve_output import describe_addresses, example_payload, find_notes, show_addresses

if TYPE_CHECKING:
    from iris_model.cli.output import OnStep
    from iris_model.local import Addresses, FunctionSettings, Prices, SandboxSettings


@click.command()
@click.argument("projects", nargs=-1, type=click.Path(path_type=Path), metavar="[PROJECT]...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=9000, show_default=True, help="Port; 0 takes a free one."
)
@click.option(
    "--function-url",
    "function_url_port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="A function URL as well, at a port of its own; 0 takes a free one. Further functions take the ports after it.",
)
@click.option("--handler", metavar="MODULE.FUNCTION", help="Serve any Lambda function folder: its handler.")
@click.option("--name", help="Name of the function, in place of that of the project or the folder.")
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
@click.option("--env", "assignments", multiple=True, metavar="NAME=VALUE", help="Environment variable. Repeatable.")
@click.option(
    "--env-file",
    "environment_files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File of NAME=VALUE lines. Repeatable.",
)
@click.option(
    "--log-format", type=click.Choice(["Text", "JSON"]), help="In place of the log-format in iris-model.toml."
)
@click.option(
    "--log-level",
    type=click.Choice(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]),
    help="Application log level: what of `logging` is written.",
)
@click.option(
    "--system-log-level",
    type=click.Choice(["DEBUG", "INFO", "WARN"]),
    help="Which of Lambda's own lines are written; with --log-format JSON.",
)
@click.option(
    "--old-failure-lines", is_flag=True, help="Report failures as Lambda did before its REPORT line had a status."
)
@click.option(
    "--reload", "reloads", is_flag=True, help="When the sources change: package, start the new version, replace."
)
@http_options
@sandbox_options
@json_option
def serve(
    projects: tuple[Path, ...],
    host: str,
    port: int,
    function_url_port: int | None,
    handler: str | None,
    name: str | None,
    runtime: str,
    memory: int | None,
    timeout: float | None,
    concurrency: int | None,
    assignments: tuple[str, ...],
    environment_files: tuple[Path, ...],
    http: HttpOptions,
    sandbox: SandboxSettings,
    reloads: bool,
    as_json: bool,
    **logging: Any,
) -> None:
    """Run functions here as AWS Lambda runs them.

    PROJECT is a project, which is packaged first, a function directory, or with --handler any folder with a Lambda
    function in it. The Invoke API answers boto3, the AWS CLI and curl; the HTTP API answers at the route. Every
    concurrent invocation has a process of its own. Ctrl-C ends it all.

    \b
    Example:
      iris-model serve examples/iris
      iris-model serve . --port 9001 --memory 256 --concurrency 2
      iris-model serve one two --function-url 9100
      iris-model serve path/to/folder --handler app.handler --name mine --runtime awslambdaric
    """
    directories = projects or (Path(),)
    for option, value in (("--name", name), ("--route", http.routes)):
        if value and len(directories) > 1:
            raise click.UsageError(f"{option} is for one function, and there are {len(directories)}: serve them apart.")
    from iris_model.cli.function import find_function

    environment = read_environment(assignments, environment_files)
    functions = []
    with progress() as on_step:
        for directory in directories:

            def build(on_step: OnStep, directory: Path = directory) -> FunctionSettings:
                settings = find_function(
                    directory,
                    on_step,
                    name=name,
                    handler=handler,
                    memory_mib=memory,
                    timeout_seconds=timeout,
                    reserved_concurrency=concurrency,
                    runtime=runtime,
                    sandbox=sandbox,
                )
                return _override(settings, http, environment, logging)

            functions.append(reloading(directory, build, on_step) if reloads else build(on_step))
    for note in find_notes(functions, has_function_urls=function_url_port is not None):
        click.echo(f"Note: {note}.", err=True)

    def show_ready(addresses: Addresses) -> None:
        if as_json:
            click.echo(json.dumps(describe_addresses(addresses, example_payload(functions[0].directory))))
        else:
            show_addresses(addresses, functions)

    from iris_model.local import serve as serve_functions

    collect_as_usual()
    serve_functions(
        functions,
        host=host,
        port=port,
        function_url_port=function_url_port,
        prices=read_local_prices(),
        on_ready=show_ready,
        on_log=lambda text: click.echo(text.rstrip(), err=True),
    )


def read_local_prices() -> Prices:
    """The prices of the `cost` room, as far as the running cost needs them."""
    from iris_model.cost import read_prices
    from iris_model.local import Prices

    prices = read_prices()

    def first_tier(key: str) -> Decimal:
        price = prices.find(key)
        assert price is not None, key
        return price.tiers[0][1]

    gb_second = {name: first_tier(f"lambda.{name}.gb_second") for name in ("x86_64", "arm64")}
    request = prices.prices["lambda.request"]
    return Prices(gb_second, first_tier("lambda.request"), first_tier("http_api.request"), request.source, request.date)


def _override(
    settings: FunctionSettings, http: HttpOptions, environment: dict[str, str], logging: dict[str, Any]
) -> FunctionSettings:
    from iris_model.local import check_settings

    values = {name: value for name, value in logging.items() if value}
    settings = dataclasses.replace(settings, environment={**settings.environment, **environment}, **values)
    settings = http.apply(settings)
    check_settings(settings)
    return settings
