"""`iris-model init`: a new project."""

from __future__ import annotations

from pathlib import Path

import click

from iris_model.cli.output import echo_json, json_option, progress


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--model", type=click.Path(path_type=Path), help="Your trained model; it is copied into the project.")
@click.option("--name", help="Name of the function.  [default: the name of the directory]")
@click.option("--data", type=click.Path(path_type=Path), help="CSV file of sample rows, copied too.")
@click.option("--trust", multiple=True, metavar="NAME", help="A name in the model file that may be loaded; repeatable.")
@click.option("--ci", type=click.Choice(["github"]), help="Add a workflow that tests, plans and deploys.")
@json_option
def init(
    directory: Path,
    model: Path | None,
    name: str | None,
    data: Path | None,
    trust: tuple[str, ...],
    ci: str | None,
    as_json: bool,
) -> None:
    """Make a new project: the iris example, or for your own model.

    DIRECTORY must be new or empty. With --model, the model is opened and tried; settings, handler, exact requirements and
    test events are made to fit it. `docker build` in the project needs nothing but Docker.

    \b
    Example:
      iris-model init my-iris
      iris-model init churn --model churn.pkl --data sample.csv
    """
    from iris_model.project.scaffold import scaffold_iris_project, scaffold_model_project
    from iris_model.readers.mlflow import find_model

    if model is not None and model.is_dir():
        model = find_model(model).path  # an MLflow model directory: its file travels

    if model is None:
        if given := [option for option, value in (("--name", name), ("--data", data), ("--trust", trust)) if value]:
            raise click.UsageError(f"{', '.join(given)} goes with --model: the iris example has its own.")
        made = scaffold_iris_project(directory, ci=ci)
    else:
        with progress() as on_step:
            made = scaffold_model_project(directory, model, name=name, data=data, trust=trust, ci=ci, on_step=on_step)

    if as_json:
        echo_json(
            {
                "directory": str(made.directory),
                "files": list(made.files),
                "executor": made.executor or None,
                "reason": made.reason or None,
            }
        )
        return
    click.echo(f"{made.directory}:")
    for file in made.files:
        click.echo(f"  {file}")
    if made.executor:
        click.echo(f"\nExecutor {made.executor}: {made.reason}.")
    click.echo(f"\nNext:\n  iris-model serve {made.directory}\n  docker build -t my-function {made.directory}")
