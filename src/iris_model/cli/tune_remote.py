"""`tune --remote`: the deployed function at each size; a project in, measurements and what they took out."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iris_model.cli.deployment import connect, read_deployment
from iris_model.cli.interruption import ended_as_by_ctrl_c
from iris_model.cli.output import OnStep
from iris_model.project import package_project

if TYPE_CHECKING:
    from iris_model.aws.tuning import DeployedTuning
    from iris_model.cost import PriceList


def measure_deployed(
    project: Path,
    stage: str | None,
    profile: str | None,
    region: str | None,
    sizes: tuple[int, ...],
    *,
    rounds: int,
    invocations: int,
    price_region: str,
    on_step: OnStep,
) -> tuple[str, DeployedTuning]:
    """Measure it with its golden rows; returns its name too."""
    settings, deployment = read_deployment(project, stage)
    from iris_model.aws.golden import read_golden
    from iris_model.aws.tuning import measure_sizes

    _, aws = connect(profile, region or settings.deployment.region)
    if aws.region != price_region:
        click.echo(
            f"Note: the function is in {aws.region}, the prices are of {price_region}: iris-model cost refresh gets those of "
            f"{aws.region}.",
            err=True,
        )
    golden = read_golden(package_project(project, on_step=on_step).directory)
    # Both leave time to set the memory back.
    with ended_as_by_ctrl_c("SIGTERM", "SIGHUP"):
        found = measure_sizes(
            aws,
            deployment,
            sizes,
            [row.payload for row in golden],
            rounds=rounds,
            invocations=invocations,
            on_step=on_step,
        )
    return deployment.function, found


def print_effort(name: str, found: DeployedTuning, prices: PriceList) -> None:
    """Say what measuring took, and what is odd about it."""
    usd = spend(found, prices)
    click.echo(
        f"{name} was asked {found.invocations} times, {found.gb_seconds:.2f} GB-s"
        + (f", for about {usd:.6f} US dollars" if usd is not None else "")
        + "; it has the memory of before again"
    )
    for note in found.notes:
        click.echo(f"- {note}")


def effort_document(name: str, found: DeployedTuning, prices: PriceList) -> dict[str, Any]:
    """Give the same for programs."""
    usd = spend(found, prices)
    return {
        "function": name,
        "invocations": found.invocations,
        "gb_seconds": f"{found.gb_seconds:.6f}",
        "usd": None if usd is None else f"{usd:.9f}",
        "notes": list(found.notes),
    }


def spend(found: DeployedTuning, prices: PriceList) -> Decimal | None:
    """What AWS bills for the measurement itself; None where a price is not known."""
    gb_second, request = prices.find(f"lambda.{found.architecture}.gb_second"), prices.find("lambda.request")
    if gb_second is None or request is None:
        return None
    return gb_second.cost(found.gb_seconds) + request.cost(Decimal(found.invocations))
