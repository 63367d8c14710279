"""`iris-model init`: create a project."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from iris_model.cli.options.trust import trust_option
from iris_model.cli.render.model_text import GENERATED_ONLY
from iris_model.cli.render.output import echo_json, json_option, progress
from iris_model.cli.render.project_card import describe_function, suggest_commands
from iris_model.cli.sources.bare_model import find_model_file
from iris_model.cli.terminal import echo
from iris_model.cli.verbosity import echo_note
from iris_model.errors import IrisModelError


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="Trained model: a pickle, joblib, skops or ONNX file, or the library's own format. "
    "It is copied into the project.",
)
@click.option("--name", help="Name of the function.  [default: the name of the directory]")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="CSV file of sample rows to verify with, with or without a header line. It is copied into the project.",
)
@trust_option()
@click.option("--ci", type=click.Choice(["github"]), help="Add a CI workflow that tests, plans and deploys.")
@click.option(
    "--measure/--no-measure",
    "measures",
    default=None,
    help="Start the function, and estimate its cost.  [default: on in a terminal]",
)
@json_option
def init(
    directory: Path,
    model: Path | None,
    name: str | None,
    data: Path | None,
    trust: tuple[str, ...],
    ci: str | None,
    measures: bool | None,
    as_json: bool,
) -> None:
    """Create a project for your model, or from the iris example.

    DIRECTORY must be new or empty. With --model, the model is compiled and verified, and the settings, handler,
    requirements and test events are written for it. You can build the project with `docker build` on a machine without
    iris-model. With --measure, the function is packaged, and started a few times to measure its speed. Unlike on
    Lambda, its CPU is not limited.

    \b
    Example:
      iris-model init my-iris
      iris-model init churn --model churn.pkl --data sample.csv
    """
    from iris_model.cli.costs.first_start import measure_first_start
    from iris_model.cli.costs.first_text import describe_first_start, measured_document
    from iris_model.project.scaffold import scaffold_iris_project, scaffold_model_project

    if model is None:
        if given := [option for option, value in (("--name", name), ("--data", data), ("--trust", trust)) if value]:
            raise click.UsageError(f"{', '.join(given)} requires --model: the iris example has its own")
        made = scaffold_iris_project(directory, ci=ci)
    else:
        with progress() as on_step:
            made = scaffold_model_project(
                directory, find_model_file(model), name=name, data=data, trust=trust, ci=ci, on_step=on_step
            )

    first = None
    is_wanted = sys.stdout.isatty() and not as_json if measures is None else measures
    if is_wanted and made.executable is not None:
        try:
            with progress() as on_step:
                first = measure_first_start(made.directory, made.executable.source["library"], on_step)
        except IrisModelError as error:
            echo_note(f"the function was not measured: {error.problem}")

    if as_json:
        echo_json(
            {
                "directory": str(made.directory),
                "files": list(made.files),
                "executor": made.executor or None,
                "reason": made.reason or None,
                "measured": None if first is None else measured_document(first),
                "notes": list(made.executable.assumptions if made.executable else ()),
            }
        )
        return
    echo(f"{made.directory}:")
    for file in made.files:
        echo(f"  {file}")
    if made.settings and made.executable:
        echo()
        for line in describe_function(made.settings, made.executable):
            echo(line)
        for line in describe_first_start(first, made.settings.memory) if first else ():
            echo(line)
        echo(f"\nExecutor {made.executor}: {made.reason}.")
        for note in made.executable.assumptions:
            echo_note(f"{note}.")
        if made.executor != "compiled":
            echo(
                "The model was not compiled. It was tested in a process like that of the function: its answers for "
                + f"{len(made.executable.golden)} "
                + (f"rows of {data.name}" if data else "generated rows (pass your own with --data)")
                + " are the same as here."
            )
        elif data is None:
            echo(GENERATED_ONLY)
    echo("\nNext:")
    for command in suggest_commands(made):
        echo(f"  {command}")
