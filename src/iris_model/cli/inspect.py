"""`iris-model inspect`: what a model file says about itself, without unpickling it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import click

from iris_model.cli.output import echo_json, json_option, show_size


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--trust", multiple=True, metavar="NAME", help="Count this name as allowed; repeatable.")
@json_option
def inspect(model: Path, trust: tuple[str, ...], as_json: bool) -> None:
    """Look into a model file without running anything from it.

    A pickle is a program. This reads its instructions and says what it would make, which library and version wrote it,
    every name it would load, those that are not allowed, and what `compile` would do with it.

    \b
    Example:
      iris-model inspect iris_trained_model.pkl
    """
    from iris_model.readers.mlflow import find_model

    if model.is_dir():
        model = find_model(model).path  # an MLflow model directory
    found = describe_model_file(model, trust)
    if as_json:
        echo_json(found)
        return
    click.echo(f"{model}: {show_size(found['size_bytes'])}, sha256 {found['sha256']}")
    click.echo(f"class     {found['class'] or 'unknown: not one object of one class'}")
    versions = [f"{library} {', '.join(numbers)}" for library, numbers in found["versions"].items()]
    click.echo(f"library   {'; '.join(versions) or 'unknown: no version is written in it'}")
    click.echo(f"globals   {', '.join(found['globals']) or 'none'}")
    click.echo(f"refused   {', '.join(found['refused']) or 'none'}")
    click.echo(f"compile   {found['outlook']}")


def describe_model_file(model: Path, trust: tuple[str, ...]) -> dict[str, Any]:
    """Collect what `inspect` prints."""
    from iris_model.readers import find_refused_globals, scan_pickle

    scan = scan_pickle(model)
    refused = find_refused_globals(scan.globals, trust)
    data = model.read_bytes()
    return {
        "path": str(model),
        "size_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "class": scan.class_name,
        "versions": {library: list(numbers) for library, numbers in scan.versions.items()},
        "globals": sorted(".".join(name) for name in scan.globals),
        "refused": refused,
        "outlook": _outlook(scan.class_name, refused),
    }


def _outlook(class_name: str | None, refused: list[str]) -> str:
    """Say what `compile` would do, as far as the class alone can tell."""
    from iris_model.readers.families import find_reader

    if refused:
        return "refuses: names that are not allowed; if you made this file, trust them with --trust"
    if class_name is None:
        return "unknown: opening the file decides"
    if find_reader(_public_name(class_name)):
        return f"a reader knows {_public_name(class_name)}; its parts and parameters decide when the file is opened"
    return f"no reader knows {class_name}: the original executor would serve it"


def _public_name(class_name: str) -> str:
    """Drop the modules from the first private one on, as `readers` does: `sklearn.svm._classes.SVC` -> `sklearn.svm.SVC`."""
    *modules, name = class_name.split(".")
    private = next((i for i, module in enumerate(modules) if module.startswith("_")), len(modules))
    return ".".join([*modules[:private], name])
