"""What `cost` prints for people: estimates and break-evens in, a table on stdout. It computes nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from iris_model.cost import BreakEven, Estimate, Measurement, Workload


def print_table(workload: Workload, estimates: list[Estimate], break_evens: list[BreakEven], baseline: str) -> None:
    """A line for each alternative, and what the columns, the marks and the odd lines mean."""
    measured, use = workload.measurement, workload.sandbox_use
    click.echo(
        f"{workload.requests_per_day:,.0f} requests a day, {workload.traffic.name}; {_describe(measured)}\n"
        f"cold starts: {use.cold_share:.1%} of requests; p99 {use.p99_ms:.1f} ms; "
        f"at most {use.peak_concurrency} at once; prices of {workload.prices.region}, US dollars\n"
    )
    cheaper = {each.name: _rate(each.requests_per_day) for each in break_evens} | {baseline: "-"}
    rows = [("per month", "per million", "cheaper from", "alternative")]
    notes = []
    for each in estimates:
        marks = "*" if each.is_weak else ""
        rows.append((_usd(each.monthly), _usd(workload.per_million(each)), cheaper[each.name], each.name + marks))
        notes += [f"{each.name}: {note}" for note in each.notes]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        click.echo("  ".join([*(cell.rjust(width) for cell, width in zip(row, widths, strict=False)), row[3]]))
    click.echo(f"\ncheaper from: requests a day from which it costs less than {baseline}, the shape being the same")
    if any(each.is_weak for each in estimates):
        click.echo(
            "* a price from a secondary or undated source, or of another region; iris-model cost --show-prices names it"
        )
    for note in notes:
        click.echo(f"- {note}")


def _describe(measured: Measurement) -> str:
    text = f"{measured.memory_mib} MB, {measured.warm_ms:.1f} ms warm"
    if measured.cold_ms is not None:
        text += f", {measured.cold_ms:.0f} ms cold"
    return (
        f"{text}, {measured.max_memory_mib} MB used ({measured.invocations} invocations, {measured.cold_starts} cold)"
    )


def _usd(amount: Decimal | None) -> str:
    if amount is None:
        return "unknown"
    return f"{amount:,.2f}" if amount >= 1 or not amount else f"{amount:.4f}"


def _rate(rate: float | None) -> str:
    if rate is None:
        return "never"
    return "always" if rate <= 1 else f"{rate:,.0f}"
