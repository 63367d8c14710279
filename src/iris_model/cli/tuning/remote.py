"""`tune --remote`: measure the deployed function at each memory size."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iris_model.cli.interruption import ended_as_by_ctrl_c
from iris_model.cli.render.output import OnStep
from iris_model.cli.sources.deployment import connect, read_deployment
from iris_model.cli.terminal import echo
from iris_model.cli.verbosity import echo_note
from iris_model.project import package_project

if TYPE_CHECKING:
    from iris_model.aws.measuring.tuning import DeployedTuning
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
    """Measure it with its golden rows. Returns the name and the measurements."""
    settings, deployment = read_deployment(project, stage)
    from iris_model.aws.measuring.tuning import measure_sizes
    from iris_model.aws.verification.golden import payload_of, read_golden

    _, aws = connect(profile, region or settings.deployment.region)
    if aws.region != price_region:
        echo_note(
            f"the function is in {aws.region}, and the prices are for {price_region}. Run iris-model cost "
            f"refresh to get those of {aws.region}."
        )
    golden = read_golden(package_project(project, on_step=on_step).directory)
    # Both leave time to restore the memory size.
    with ended_as_by_ctrl_c("SIGTERM", "SIGHUP"):
        found = measure_sizes(
            aws,
            deployment,
            sizes,
            [payload_of(row) for row in golden],
            rounds=rounds,
            invocations=invocations,
            on_step=on_step,
        )
    return deployment.function, found


def print_effort(name: str, found: DeployedTuning, prices: PriceList) -> None:
    """Print the cost of the measurement, and notes."""
    usd = spend(found, prices)
    echo(
        f"{name} was invoked {found.invocations} times, {found.gb_seconds:.2f} GB-s"
        + (f", for about ${usd:.6f}" if usd is not None else "")
        + ". Its memory is restored."
    )
    for note in found.notes:
        echo(f"- {note}")


def effort_document(name: str, found: DeployedTuning, prices: PriceList) -> dict[str, Any]:
    """Return the same as JSON values."""
    usd = spend(found, prices)
    return {
        "function": name,
        "invocations": found.invocations,
        "gb_seconds": f"{found.gb_seconds:.6f}",
        "usd": None if usd is None else f"{usd:.9f}",
        "notes": list(found.notes),
    }


def spend(found: DeployedTuning, prices: PriceList) -> Decimal | None:
    """Return what AWS bills for the measurement itself; None if a price is not known."""
    gb_second, request = prices.find(f"lambda.{found.architecture}.gb_second"), prices.find("lambda.request")
    if gb_second is None or request is None:
        return None
    return gb_second.cost(found.gb_seconds) + request.cost(Decimal(found.invocations))
