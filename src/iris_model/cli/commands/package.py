"""`iris-model package`: write the function directory of a project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from iris_model.cli.options.architecture import MACHINES
from iris_model.cli.render.output import echo_json, json_option, progress, show_size
from iris_model.cli.terminal import echo
from iris_model.cli.verbosity import echo_note


@click.command()
@click.argument("project", type=click.Path(path_type=Path), default=".")
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="Output path.  [default: PROJECT/.iris-model/function]"
)
@click.option(
    "--executor",
    type=click.Choice(["auto", "compiled", "onnxruntime", "original"]),
    help="What answers requests: the compiled model, onnxruntime, or the model in its own library (original). auto: "
    "compiled if possible. Overrides iris-model.toml.",
)
@click.option(
    "--install-requirements",
    is_flag=True,
    help="Install requirements.txt into the function directory if the function needs it. A compiled model does not.",
)
@click.option(
    "--arch",
    type=MACHINES,
    metavar="[x86_64|arm64]",
    help="Architecture of the function. Overrides iris-model.toml. The names of `uname -m` are possible too.",
)
@json_option
def package(
    project: Path,
    output: Path | None,
    executor: str | None,
    install_requirements: bool,
    arch: str | None,
    as_json: bool,
) -> None:
    """Write the function directory of a project.

    The function directory contains all files of the function. On AWS Lambda, it is /var/task. The same project gives
    the same bytes on every machine. Packaging an unchanged project does nothing.

    \b
    Example:
      iris-model package examples/iris
      iris-model package . --output build/function --install-requirements
    """
    from iris_model.contract.architecture import Architecture
    from iris_model.project import package_project, read_settings

    settings = read_settings(project)
    if arch and (named := Architecture.named(arch)):
        settings = replace(settings, architecture=named.value)
    with progress() as on_step:
        packaged = package_project(
            project,
            settings=settings,
            output=output,
            executor=executor,
            install_requirements=install_requirements,
            on_step=on_step,
        )
    if as_json:
        echo_json(
            {
                "directory": str(packaged.directory),
                "executor": packaged.executor,
                "runtime": packaged.settings.runtime,
                "reason": packaged.reason,
                "runtime_reason": packaged.runtime_reason,
                "notes": list(packaged.notes),
                "size_bytes": packaged.size_bytes,
                "files": packaged.files,
                "unchanged": packaged.unchanged,
            }
        )
        return
    state = "is up to date" if packaged.unchanged else "is written"
    echo(f"{packaged.directory} {state}: {packaged.files} files, {show_size(packaged.size_bytes)}.")
    echo(f"Executor {packaged.executor}: {packaged.reason}.")
    if packaged.runtime_reason:
        echo(f"Runtime {packaged.settings.runtime}: {packaged.runtime_reason}.")
    for note in packaged.notes:
        echo_note(f"{note}.")
