"""`iris-model cost refresh`: write a price file with current prices for the user's region."""

from __future__ import annotations

import shlex
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iris_model.cli.render.output import echo_json, json_option, progress
from iris_model.cli.sources.deployment import aws_options, connect, project_argument, stage_option
from iris_model.cli.terminal import echo
from iris_model.contract.file_names import SETTINGS_FILE

if TYPE_CHECKING:
    from iris_model.cost.refreshed import RefreshedPrices

PRICE_FILE = "prices.json"


@click.command()
@project_argument
@stage_option
@aws_options
@click.option(
    "--output", type=click.Path(path_type=Path), default=PRICE_FILE, show_default=True, metavar="FILE",
    help="Output file. An existing price file is updated.",
)  # fmt: skip
@click.option(
    "--accept",
    multiple=True,
    metavar="NAME",
    help="Accept this price although it differs strongly from the old one. Repeatable.",
)
@json_option
def refresh(
    project: Path,
    stage: str | None,
    profile: str | None,
    region: str | None,
    output: Path,
    accept: tuple[str, ...],
    as_json: bool,
) -> None:
    """Write a price file with the current AWS prices.

    Prices come from the AWS Price List API, for the region of PROJECT, of --region, or of the profile. A price that
    the API does not list keeps its old value, date and source. Use the file with `iris-model cost --prices FILE`.

    \b
    Example:
      iris-model cost refresh --region eu-west-1
      iris-model cost refresh --output prices.json --accept http_api.request
    """
    from iris_model.cost.prices import decode_prices, read_price_document
    from iris_model.cost.refreshed import refresh_prices, render_price_file
    from iris_model.errors import CostError
    from iris_model.project.disk import write_replacing

    base = output if output.exists() else None
    document = read_price_document(base)
    old = decode_prices(document, str(base or "prices.json"))
    unknown = sorted(set(accept) - set(old.prices))
    if unknown:
        raise CostError(
            f"--accept {', '.join(unknown)}: the price file has no price with this name",
            remedy="Run `iris-model cost --show-prices` for the names.",
        )
    with progress() as on_step:
        _, aws = connect(profile, region or _region_of(project, stage))
        from iris_model.aws.measuring.price_list import ask_prices

        published = ask_prices(aws, aws.region, old.prices, on_step)
    if not published.offers:
        reason = next(iter(sorted(set(published.reasons.values()))), "nothing was asked")
        raise CostError(
            f"the AWS Price List API has no price for {aws.region} ({reason}); nothing was written",
            remedy="Choose another region with --region.",
        )
    refreshed = refresh_prices(document, published.offers, published.reasons, aws.region, accept)
    write_replacing(output, render_price_file(refreshed.document).encode())
    if as_json:
        echo_json(_as_json(refreshed, output))
    else:
        _print(refreshed, output, aws.region)


def _region_of(project: Path, stage: str | None) -> str | None:
    from iris_model.project.configuration.settings import read_settings

    return read_settings(project, stage).deployment.region if stage or (project / SETTINGS_FILE).exists() else None


def _print(refreshed: RefreshedPrices, output: Path, region: str) -> None:
    taken = len(refreshed.changed) + len(refreshed.confirmed)
    echo(f"{taken} prices of {region} from the AWS Price List API, {len(refreshed.changed)} of them changed:")
    for name, (before, now) in refreshed.changed.items():
        echo(f"  {name}: {_usd(before)} -> {_usd(now)}")
    for name, reason in refreshed.kept.items():
        echo(f"- {name} keeps its old price, date and source: {reason}")
    for name, (before, now) in refreshed.questions.items():
        echo(
            f"? {name} was {_usd(before)} and would be {_usd(now)}: the old price is kept; use --accept {name} to "
            f"accept the new one"
        )
    echo(f"{output} is written; use it with: iris-model cost --prices {shlex.quote(str(output))}")


def _as_json(refreshed: RefreshedPrices, output: Path) -> dict[str, Any]:
    def pairs(found: Any) -> dict[str, Any]:
        return {name: {"before": _usd(before), "now": _usd(now)} for name, (before, now) in found.items()}

    return {
        "file": str(output),
        "region": refreshed.document["region"],
        "changed": pairs(refreshed.changed),
        "confirmed": list(refreshed.confirmed),
        "kept": dict(refreshed.kept),
        "questions": pairs(refreshed.questions),
    }


def _usd(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
