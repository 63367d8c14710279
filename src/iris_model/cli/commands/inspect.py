"""`iris-model inspect`: show the content of a model file without unpickling it."""

from __future__ import annotations

import hashlib
import shlex
from pathlib import Path
from typing import Any

import click

from iris_model.cli.render.inside_text import describe_inside
from iris_model.cli.render.model_text import describe_source
from iris_model.cli.render.output import echo_json, json_option, show_size
from iris_model.cli.sources.bare_model import find_model_file
from iris_model.cli.terminal import echo
from iris_model.errors import visible


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--trust", multiple=True, metavar="NAME", help="Treat this class, function or package as allowed. Repeatable."
)
@click.option(
    "--open/--no-open",
    "opens",
    default=None,
    help="Also open the file, to show its steps.  [default: on, if a confined process can open it]",
)
@json_option
def inspect(model: Path, trust: tuple[str, ...], opens: bool | None, as_json: bool) -> None:
    """Show what is in a model file, without running its code.

    Opening a pickle can run any code. This command reads the instructions of the pickle first. It shows the class, the
    library and version that wrote it, every class and function that it would load, and those that are not allowed. If
    all belong to libraries that iris-model knows, it then opens the file in a confined process (without network, on
    Linux), as `compile` does. It shows the columns, classes, trees and sizes, the steps, and which steps compile. With
    --no-open, the file is not opened.

    \b
    Example:
      iris-model inspect iris_trained_model.pkl
    """
    model = find_model_file(model)
    found = describe_model_file(model, trust)
    found["inside"] = look_inside(model, found, trust, opens)
    if as_json:
        echo_json(found)
        return

    def say(line: str) -> None:
        echo(visible(line))  # the file chose most of it, and no line break is ours

    say(f"{model}: {show_size(found['size_bytes'])}, sha256 {found['sha256']}")
    title, names_classes = _describe_format(found["format"])
    if own := found["inside"].get("own_steps"):
        title = f"compiled model of iris-model: data, and Python source ({', '.join(own)})"
    say(f"format    {title}")
    if found["weights"]:
        say(f"weights   {', '.join(found['weights'])}, next to it")
    if names_classes:
        say(f"class     {found['class'] or 'unknown: not one object of one class'}")
        say(f"library   {_show_versions(found['versions'])}")
        say(f"loads     {', '.join(found['globals']) or 'none'}")
        say(f"untrusted {', '.join(found['refused']) or 'none'}")
    elif found["class"]:
        say(f"class     {describe_source(found['class'], _show_versions(found['versions']))}")
    for line in describe_inside(found["inside"]):
        say(line)
    say(f"compile   {found['outlook']}")
    if found["protection"] is not None:
        say(f"opened    {_show_protection(found['protection'])}")
    say(f"compared  {found['compared']}")


def _describe_format(name: str) -> tuple[str, bool]:
    """Return the title of a format, and whether its files name classes."""
    from iris_model.readers.formats import FORMATS, JOBLIB

    if name == "compiled":
        return "compiled model of iris-model: data, no code", False
    return (JOBLIB, True) if name == JOBLIB else (FORMATS[name].title, bool(FORMATS[name].scanner))


_NOT_COMPARED = (
    "no rows yet: `compile` and `init` compare with the original, on generated rows and on your rows in --data rows.csv "
    "(a header line, then rows like those of training)"
)


def describe_model_file(model: Path, trust: tuple[str, ...]) -> dict[str, Any]:
    """Collect what `inspect` prints."""
    from iris_model.project.compilation.confined import find_protection
    from iris_model.readers import find_external_files, find_refused, read_model_file

    if compiled := _describe_compiled(model):
        return compiled
    file = read_model_file(model)
    file_format, data = file.opener, file.data
    found: dict[str, Any] = {
        "path": str(model),
        "size_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "format": file_format,
        "weights": list(find_external_files(model)) if file_format == "onnx" else [],
        "class": None,
        "versions": {},
        "globals": [],
        "refused": [],
        "compared": _NOT_COMPARED,
        "protection": None if file_format == "onnx" else find_protection(),
    }
    if file_format == "onnx":
        from iris_model.compiler import find_unsupported_steps

        reasons = find_unsupported_steps(model)
        if not reasons:
            return {**found, "outlook": "yes, if its answers are those of onnxruntime"}
        next_step = f"iris-model init PROJECT --model {shlex.quote(str(model))}"
        outlook = f"no ({'; '.join(reasons)}); the executor onnxruntime runs it: {next_step}"
        return {**found, "outlook": outlook, "compared": "not compared: onnxruntime itself answers"}
    scan = file.scan
    if scan is None:
        return {**found, "outlook": "unknown until the file is opened: it depends on the objective of the booster"}
    refused = find_refused(scan, trust)
    return {
        **found,
        "class": scan.class_name,
        "versions": {library: list(numbers) for library, numbers in scan.versions.items()},
        "globals": sorted(".".join(name) for name in scan.globals),
        "refused": refused,
        "outlook": _outlook(scan.class_name, refused),
    }


def look_inside(model: Path, found: dict[str, Any], trust: tuple[str, ...], opens: bool | None) -> dict[str, Any]:
    """Open the model in a confined process, and return its content; or `problem`, the reason why it was not opened."""
    from iris_model.errors import IrisModelError
    from iris_model.project.compilation.confined import can_confine
    from iris_model.project.compilation.inspecting import inspect_confined

    if found["format"] == "compiled":
        from iris_model.compiler import inspect_compiled

        return inspect_compiled(model)
    if found["refused"]:
        return {"problem": "it was not opened, because opening it could run arbitrary code"}
    if opens is False:
        return {"problem": "it was not opened, because of --no-open"}
    if opens is None and not can_confine():
        return {"problem": "it was not opened, because this machine cannot confine a process; add --open to open it"}
    if trust:
        return {"problem": "it was not opened, because that runs code of the names in --trust"}
    try:
        inside = inspect_confined(model, found["format"])
    except IrisModelError as error:
        return {"problem": error.problem}
    if found["class"] is None:
        found |= {"class": inside["class"], "versions": inside["versions"]}
    if found["format"] != "onnx":
        found["outlook"] = (
            f"no: {'; '.join(inside['reasons'])}. The executor `original` serves it"
            if inside["reasons"]
            else "yes, if `compile` finds no difference to the original; add training rows with --data"
        )
    return inside


def _describe_compiled(model: Path) -> dict[str, Any] | None:
    """Return the metadata of a compiled model; None for other files."""
    from iris_model.contract.comparison import Report
    from iris_model.engine import load
    from iris_model.engine.errors import ModelFormatError

    if model.suffix != ".safetensors" or not model.is_file():
        return None
    try:
        source = load(str(model)).source
    except ModelFormatError:
        return None
    data = model.read_bytes()
    report = Report.from_parity(source.get("parity", {}))
    thresholds = ""
    if report.thresholds_tried:
        thresholds = f"; {report.thresholds:,} of {report.thresholds_tried:,} thresholds tried were reached"
    return {
        "path": str(model),
        "size_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "format": "compiled",
        "weights": [],
        "class": source["class"],
        "versions": {source["library"]: [source["version"]]},
        "globals": [],
        "refused": [],
        "outlook": f"was compiled from a file with sha256 {source['sha256'] or 'unknown'}",
        "protection": None,
        "compared": f"{report.rows:,} rows with the original{thresholds}",
    }


def _show_protection(held: list[str]) -> str:
    if not held:
        return "by compile and init in their own process, because this machine cannot confine a separate one"
    return f"by compile and init in a confined process: {'; '.join(held)}"


def _show_versions(versions: dict[str, list[str]]) -> str:
    from importlib import metadata

    from iris_model.readers.libraries import find_version
    from iris_model.readers.pickled.versions import describe_versions, is_version, pin

    shown = []
    for library, numbers in versions.items():
        try:
            installed = find_version(library)
            fits = any(is_version(installed, one) for one in numbers)
            note = "" if fits else f" ({installed} is installed here: pip install {pin(library, numbers[0])})"
        except metadata.PackageNotFoundError:
            note = f" (not installed here: pip install {pin(library, numbers[0])})"
        shown.append(f"{library} {', '.join(map(describe_versions, numbers))}{note}")
    return "; ".join(shown) or "unknown: the file contains no version"


def _outlook(class_name: str | None, refused: list[str]) -> str:
    """Predict the result of `compile` from the class alone."""
    from iris_model.readers.families import find_reader

    if refused:
        return "refused: opening the file could run arbitrary code; allow names of your own modules with --trust NAME"
    if class_name is None:
        return "unknown until the file is opened"
    if find_reader(_public_name(class_name)):
        return (
            f"a converter for {_public_name(class_name)} exists; `compile` opens the file to check its parts and parameters, "
            "and reports how many rows it compared and how many thresholds these rows reached; add training rows with --data"
        )
    return f"no converter for {class_name}: the `original` executor serves it"


def _public_name(class_name: str) -> str:
    """Drop private modules from the name: `sklearn.svm._classes.SVC` -> `sklearn.svm.SVC`. `readers` does the same."""
    *modules, name = class_name.split(".")
    private = next((i for i, module in enumerate(modules) if module.startswith("_")), len(modules))
    return ".".join([*modules[:private], name])
