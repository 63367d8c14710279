"""`iris-model compile`: one model file to one compiled model."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from iris_model.cli.output import echo_json, json_option, progress, show_size
from iris_model.errors import IrisModelError


@click.command("compile")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Where to write.  [default: MODEL.safetensors]")
@click.option("--data", type=click.Path(path_type=Path), help="CSV file of sample rows to verify with.")
@click.option("--trust", multiple=True, metavar="NAME", help="A name in the model file that may be loaded; repeatable.")
@click.option("--report", is_flag=True, help="Print how the compiled model was compared with the original.")
@json_option
def compile_command(
    model: Path, output: Path | None, data: Path | None, trust: tuple[str, ...], report: bool, as_json: bool
) -> None:
    """Compile a model and verify it against the original.

    The compiled model is one safetensors file. It is compared with the original on generated rows, and on those of
    --data; if one answer differs, nothing is written.

    \b
    Example:
      iris-model compile iris_trained_model.pkl -o iris_trained_model.safetensors --report
    """
    output = output or model.with_suffix(".safetensors")
    with progress() as on_step:
        on_step(f"Compiling {model}")
        from iris_model.compiler import compile_model

        compilation = compile_model(model, data=data, trust=trust)
        write_replacing(output, compilation.data)
    if as_json:
        echo_json(
            {
                "output": str(output),
                "size_bytes": len(compilation.data),
                "signature": compilation.signature,
                "source": compilation.source,
            }
        )
        return
    source = compilation.source
    click.echo(f"{output} is written: {show_size(len(compilation.data))}.")
    click.echo(f"{source['class']} of {source['library']} {source['version']}, equal to the original.")
    if report:
        click.echo(str(compilation.report))
    else:
        click.echo(f"{compilation.report.row_count:,} rows compared; --report says which.")


def write_replacing(path: Path, data: bytes) -> None:
    """Write beside the place and rename, so that an interrupted run leaves what was there."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise IrisModelError(
            f"{path} cannot be written: {error.strerror}", remedy="Name a file in a directory that exists."
        ) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
