"""`iris-model batch`: score objects of S3 with the deployed function."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from iris_model.cli.render.output import echo_json, json_option, progress, show_size
from iris_model.cli.sources.deployment import aws_options, connect, read_deployment, stage_option
from iris_model.cli.terminal import echo
from iris_model.contract.batch import Batch, is_within
from iris_model.errors import DeploymentError

if TYPE_CHECKING:
    from iris_model.aws.batching.running import Trial
    from iris_model.cost.batches import BatchCost

# A part and its answers need about ten times its size. Smaller parts end before the timeout.
_SHARE_OF_MEMORY = 64


@click.command("batch")
@click.argument("source", metavar="s3://BUCKET/IN/")
@click.argument("output", metavar="s3://BUCKET/OUT/")
@click.option("--project", type=click.Path(path_type=Path), default=".", help="Project directory.  [default: .]")
@click.option("--plan", is_flag=True, help="Show the number of parts and the cost, and write no answers.")
@click.option(
    "--tolerate",
    type=click.FloatRange(0, 100),
    default=0,
    metavar="PERCENT",
    help="Share of parts that may fail without ending the batch.  [default: 0]",
)
@stage_option
@aws_options
@json_option
def batch(
    source: str,
    output: str,
    project: Path,
    plan: bool,
    tolerate: float,
    stage: str | None,
    profile: str | None,
    region: str | None,
    as_json: bool,
) -> None:
    """Score files in S3 with the deployed function.

    Set [batch] in iris-model.toml and run `deploy` first. The files are CSV or JSON Lines. They are divided into
    parts. `concurrency` in [batch] limits how many parts run at the same time. If a run was interrupted or parts
    failed, run the same command again: it scores only the missing parts.

    \b
    Example:
      iris-model batch s3://flowers/in/ s3://flowers/out/ --plan
      iris-model batch s3://flowers/in/ s3://flowers/out/ --tolerate 1
    """
    settings, deployment = read_deployment(project, stage)
    output = output if output.endswith("/") else f"{output}/"
    allowed = _check_places(source, output, deployment.batch)
    with progress() as on_step:
        _, aws = connect(profile, region or settings.deployment.region)
        from iris_model.aws.batching.parts import find_missing, make_run
        from iris_model.aws.batching.running import find_deployed, run_batch, try_part
        from iris_model.cost.batches import estimate_batch
        from iris_model.cost.prices import read_prices

        on_step("Listing the input")
        deployed = find_deployed(aws, deployment)
        part_bytes = deployment.memory * 1_048_576 // _SHARE_OF_MEMORY
        version = f"{deployment.function}:{deployed.version}"
        run = make_run(aws, source, output, version, part_bytes, reports=allowed.output)
        missing = find_missing(aws, run)
        if not missing:
            _finish(run.folder, len(run.parts), 0, output, as_json)
            return
        on_step("Measuring one part")
        trial = try_part(aws, deployment, missing[0])
        size = sum(part.end - part.start for part in missing)
        cost = estimate_batch(
            read_prices(), parts=len(missing), size=size, trial_bytes=trial.bytes, trial_seconds=trial.seconds,
            memory_mb=deployment.memory, architecture=str(deployment.architecture),
        )  # fmt: skip
        if plan:
            _show_plan(len(run.parts), len(missing), size, trial, cost, as_json)
            return
        if not as_json:
            echo(
                f"{len(missing)} of {len(run.parts)} parts, {show_size(size)}, about {_show_usd(cost.total)}", err=True
            )
        left = run_batch(
            aws,
            deployed,
            run,
            missing,
            tolerate,
            lambda now: on_step(
                f"{now.done} of {now.total} parts are done, {now.failed} failed, "
                f"{_show_usd(cost.total * (now.done + now.failed) / max(now.total, 1))} so far"
            ),
        )
    _finish(run.folder, len(run.parts) - len(left), len(left), output, as_json)


def _check_places(source: str, output: str, settings: Batch | None) -> Batch:
    if settings is None:
        raise DeploymentError(
            "the project has no [batch] in iris-model.toml",
            remedy="Set input and output in [batch], and run `iris-model deploy`, which adds the permissions.",
        )
    for place, allowed, name in ((source, settings.input, "input"), (output, settings.output, "output")):
        if not is_within(place, allowed):
            if is_within(f"{place}/", allowed):
                raise DeploymentError(f"{place} has no slash at the end", remedy=f"Use {place}/ instead.")
            raise DeploymentError(
                f"{place} is not below batch.{name} = {allowed}, and the function has no permissions there",
                remedy=f"Use {allowed} or a prefix below it, or change batch.{name} and run `iris-model deploy`.",
            )
    return settings


def _finish(folder: str, done: int, left: int, output: str, as_json: bool) -> None:
    bucket = output.split("/")[2]
    place = f"s3://{bucket}/{folder}"
    if as_json:
        echo_json({"answers": place, "parts": done, "failed": left})
        return
    echo(f"Answers of {done} parts are in {place}" + (f"; {left} parts failed" if left else ", with manifest.json"))


def _show_plan(total: int, missing: int, size: int, trial: Trial, cost: BatchCost, as_json: bool) -> None:
    rows = round(trial.rows * size / trial.bytes)
    if as_json:
        lines = [{"name": name, "quantity": float(quantity), "usd": float(usd)} for name, quantity, usd in cost.lines]
        echo_json(
            {"parts": total, "missing": missing, "bytes": size, "rows": rows, "cost": lines, "total": float(cost.total)}
        )
        return
    echo(f"{missing} of {total} parts, {show_size(size)}, about {rows:,} rows")
    echo(f"measured: {trial.rows:,} rows in {trial.seconds:.2f} s")
    for name, quantity, usd in cost.lines:
        echo(f"{name:<44}{quantity:>14,.0f}  {_show_usd(usd):>9}")
    echo(f"{'in all':<44}{'':>14}  {_show_usd(cost.total):>9}")


def _show_usd(value: object) -> str:
    return f"${float(str(value)):.4f}"
