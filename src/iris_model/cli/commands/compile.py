"""`iris-model compile`: compile one model file."""

from __future__ import annotations

from pathlib import Path

import click

from iris_model.cli.options.trust import trust_option
from iris_model.cli.render.model_text import GENERATED_ONLY, describe_source, modules_next_to
from iris_model.cli.render.output import echo_json, json_option, progress, show_size
from iris_model.cli.render.outputs import refuse_overwriting
from iris_model.cli.terminal import echo


@click.command("compile")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Output path.  [default: MODEL.safetensors]")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="CSV file of sample rows to verify with, with or without a header line.",
)
@trust_option()
@click.option("--report", is_flag=True, help="Print the details of the verification.")
@json_option
def compile_command(
    model: Path, output: Path | None, data: Path | None, trust: tuple[str, ...], report: bool, as_json: bool
) -> None:
    """Compile a model and verify it against the original.

    The compiled model is one safetensors file. It is compared with the original, the trained model in its own library,
    on generated rows and on the rows of --data. If one answer differs, nothing is written.

    \b
    Example:
      iris-model compile iris_trained_model.pkl -o iris_trained_model.safetensors --report
    """
    if output is None:
        output = model.with_suffix(".safetensors")
    else:
        inside = model.rglob("*") if model.is_dir() else ()  # of an MLflow model directory
        trusted = (model.with_name(name.partition(".")[0] + ".py") for name in trust)
        refuse_overwriting(output, [model, data, *inside, *trusted])
    with progress() as on_step:
        on_step(f"Compiling {model}")
        from iris_model.project.compilation.compiling import compile_confined
        from iris_model.project.disk import write_replacing

        with modules_next_to(model, trust):
            compilation = compile_confined(model, data, trust)
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
    echo(f"{output} is written: {show_size(len(compilation.data))}.")
    made_by = describe_source(source["class"], f"{source['library']} {source['version']}")
    echo(f"{made_by}: equal to the original.")
    if report:
        echo(compilation.report)
    else:
        echo(f"{compilation.summary} Print the details with --report.")
    if data is None:
        echo(GENERATED_ONLY)
