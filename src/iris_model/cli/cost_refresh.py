"""`iris-model cost refresh`: a price file of today, for the user's region."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iris_model.cli.deployment import aws_options, connect, project_argument, stage_option
from iris_model.cli.output import echo_json, json_option, progress
from iris_model.project import SETTINGS_FILE

if TYPE_CHECKING:
    from iris_model.cost.refreshed import RefreshedPrices

PRICE_FILE = "prices.json"


@click.command()
@project_argument
@stage_option
@aws_options
@click.option(
    "--output", type=click.Path(path_type=Path), default=PRICE_FILE, show_default=True, metavar="FILE",
    help="Where to write; a price file that is there is brought up to date.",
)  # fmt: skip
@click.option(
    "--accept",
    multiple=True,
    metavar="NAME",
    help="Take this price though it is many times off the old one; repeatable.",
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
    """Ask AWS for the prices of today, and write a price file.

    The AWS Price List API is asked for the region of PROJECT, of --region, or of the profile. A price that it does not give
    keeps its old value, date and source. `iris-model cost --prices FILE` reckons with the new ones.

    \b
    Example:
      iris-model cost refresh --region eu-west-1
      iris-model cost refresh --output prices.json --accept http_api.request
    """
    from iris_model.cost.prices import decode_prices, read_price_document
    from iris_model.cost.refreshed import refresh_prices, render_price_file
    from iris_model.errors import CostError

    base = output if output.exists() else None
    document = read_price_document(base)
    old = decode_prices(document, str(base or "prices.json"))
    unknown = sorted(set(accept) - set(old.prices))
    if unknown:
        raise CostError(
            f"--accept {', '.join(unknown)}: the price file has no such price.",
            remedy="iris-model cost --show-prices lists the names.",
        )
    with progress() as on_step:
        _, aws = connect(profile, region or _region_of(project, stage))
        from iris_model.aws.price_list import ask_prices

        published = ask_prices(aws, aws.region, old.prices, on_step)
    if not published.offers:
        reason = next(iter(sorted(set(published.reasons.values()))), "nothing was asked")
        raise CostError(
            f"the AWS Price List API has no price for {aws.region} ({reason}); nothing is written.",
            remedy="Name another region with --region.",
        )
    refreshed = refresh_prices(document, published.offers, published.reasons, aws.region, accept)
    _write(output, render_price_file(refreshed.document))
    if as_json:
        echo_json(_as_json(refreshed, output))
    else:
        _print(refreshed, output, aws.region)


def _region_of(project: Path, stage: str | None) -> str | None:
    from iris_model.project.settings import read_settings

    return read_settings(project, stage).deployment.region if stage or (project / SETTINGS_FILE).exists() else None


def _write(path: Path, text: str) -> None:
    """The old file stays until the new one is whole."""
    from iris_model.errors import CostError

    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CostError(
            f"{path} cannot be written ({error.strerror}).", remedy="Name a file in a directory of yours."
        ) from None


def _print(refreshed: RefreshedPrices, output: Path, region: str) -> None:
    taken = len(refreshed.changed) + len(refreshed.confirmed)
    click.echo(f"{taken} prices of {region} from the AWS Price List API, {len(refreshed.changed)} of them new:")
    for name, (before, now) in refreshed.changed.items():
        click.echo(f"  {name}: {_usd(before)} -> {_usd(now)}")
    for name, reason in refreshed.kept.items():
        click.echo(f"- {name} keeps its old price, date and source: {reason}")
    for name, (before, now) in refreshed.questions.items():
        click.echo(
            f"? {name} was {_usd(before)} and would be {_usd(now)}: is that so? The old price stays; "
            f"--accept {name} takes the new one"
        )
    click.echo(f"{output} is written; reckon with it: iris-model cost --prices {output}")


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
