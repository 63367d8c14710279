"""`iris-model serve`: run the local Lambda."""

from __future__ import annotations

import dataclasses
import json
import threading
import webbrowser
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iris_model.cli.garbage import collect_as_usual
from iris_model.cli.options.environment import read_environment
from iris_model.cli.options.http import HttpOptions, http_options
from iris_model.cli.options.sandbox import sandbox_options
from iris_model.cli.render.output import json_option, progress
from iris_model.cli.render.serve_output import describe_addresses, example_payload, find_notes, show_addresses
from iris_model.cli.sources.bare_model import as_project, is_bare_model
from iris_model.cli.sources.reloading import reloading
from iris_model.cli.terminal import echo, echo_log
from iris_model.cli.verbosity import echo_note

if TYPE_CHECKING:
    from iris_model.cli.render.output import OnStep
    from iris_model.local import Addresses, FunctionSettings, Prices, SandboxSettings


@click.command()
@click.argument("projects", nargs=-1, type=click.Path(path_type=Path), metavar="[PROJECT]...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=9000, show_default=True, help="Port. 0 selects a free one."
)
@click.option(
    "--function-url",
    "function_url_port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Also serve a function URL at this port. 0 selects a free one. With several functions, each uses the next port.",
)
@click.option("--handler", metavar="MODULE.FUNCTION", help="Handler, for a folder that is not an iris-model project.")
@click.option("--name", help="Name of the function. Overrides the name of the project or folder.")
@click.option(
    "--runtime",
    type=click.Choice(["iris_model", "python", "awslambdaric"]),
    default="iris_model",
    show_default=True,
    help="Runtime that runs the handler. iris_model: the one of the function, native or Python. python: Python, for example to "
    "debug. awslambdaric: the runtime client of AWS in Python, which must be installed.",
)
@click.option("--memory", type=int, metavar="MB", help="Memory. Overrides iris-model.toml.")
@click.option("--timeout", type=float, metavar="SECONDS", help="Timeout. Overrides iris-model.toml.")
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
@click.option("--log-format", type=click.Choice(["Text", "JSON"]), help="Log format. Overrides iris-model.toml.")
@click.option(
    "--log-level",
    type=click.Choice(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]),
    help="Application log level, for records of `logging`.",
)
@click.option(
    "--system-log-level",
    type=click.Choice(["DEBUG", "INFO", "WARN"]),
    help="System log level, for the log lines of Lambda. Requires --log-format JSON.",
)
@click.option(
    "--old-failure-lines",
    is_flag=True,
    help="Write failures in Lambda's old log format, without a status in the REPORT line.",
)
@click.option(
    "--open", "opens_page", is_flag=True, help="Open the playground, a web page to send requests, in the browser."
)
@click.option("--reload", "reloads", is_flag=True, help="Package and restart the function when its sources change.")
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
    opens_page: bool,
    reloads: bool,
    as_json: bool,
    **logging: Any,
) -> None:
    """Run functions on this machine as AWS Lambda would.

    PROJECT is a project, a function directory, a model file, or with --handler any folder with a Lambda function.
    Projects are packaged first. A model file is served from a temporary project. Call the Invoke API with boto3, the
    AWS CLI or curl, and the HTTP API at the route of each project. Each concurrent invocation runs in its own process
    (a sandbox). Press Ctrl-C to stop.

    \b
    Example:
      iris-model serve examples/iris
      iris-model serve model.pkl --open
      iris-model serve . --port 9001 --memory 256 --concurrency 2
      iris-model serve one two --function-url 9100
      iris-model serve path/to/folder --handler app.handler --name mine --runtime awslambdaric
    """
    directories = projects or (Path(),)
    for option, value in (("--name", name), ("--route", http.routes)):
        if value and len(directories) > 1:
            raise click.UsageError(
                f"{option} is for one function, and there are {len(directories)}; serve them separately"
            )
    if reloads and any(map(is_bare_model, directories)):
        raise click.UsageError("--reload watches the files of a project, and a model file has none; run init first")
    from iris_model.cli.sources.function import find_function

    environment = read_environment(assignments, environment_files)
    functions = []
    with progress() as on_step:
        for directory in [as_project(path, on_step) for path in directories]:

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
        echo_note(f"{note}.")

    def show_ready(addresses: Addresses) -> None:
        if as_json:
            echo(json.dumps(describe_addresses(addresses, example_payload(functions[0].directory))))
        else:
            show_addresses(addresses, functions)
        if opens_page:
            open_page(addresses.page)

    from iris_model.local import serve as serve_functions

    collect_as_usual()
    serve_functions(
        functions,
        host=host,
        port=port,
        function_url_port=function_url_port,
        prices=read_local_prices(),
        on_ready=show_ready,
        on_log=lambda text: echo_log(text.rstrip(), err=True),
    )


def open_page(address: str) -> None:
    """Open a page in the user's browser, in a thread: a text browser would block the service until it exits."""
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def read_local_prices() -> Prices:
    """Return the prices for the running cost, from the `cost` package."""
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
    check_settings(settings)  # --reload: later versions are checked only here
    return settings
