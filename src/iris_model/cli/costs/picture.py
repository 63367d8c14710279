"""The plot of `cost --plot`: the selected curves and the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iris_model.cost import BreakEven, Curve, Estimate, Workload

# A plot with every alternative is unreadable. The table lists all of them.
PLOTTED = (
    "EC2 t4g.micro",
    "EC2 c7g.medium",
    "Fargate arm64, 0.25 vCPU, 0.5 GB",
    "Fargate x86_64, 1 vCPU, 2 GB",
    "SageMaker ml.m5.large",
    "SageMaker serverless",
)


def draw_cost(
    workload: Workload,
    estimates: list[Estimate],
    curves: list[Curve],
    break_evens: list[BreakEven],
    baseline: str,
) -> str:
    """Return the SVG text."""
    from iris_model.cost import render_plot
    from iris_model.cost.function_costs import ORIGINAL, PROVISIONED

    by_name = {curve.name: curve for curve in curves}
    names = (baseline, baseline + ORIGINAL, baseline + PROVISIONED, *PLOTTED)
    shown = [by_name[name] for name in names if name in by_name]
    weak = frozenset(each.name for each in estimates if each.is_weak)
    measured = workload.measurement
    times = f"{measured.warm_ms:.1f} ms warm"
    if measured.cold_ms is not None:
        times += f", {measured.cold_ms:.0f} ms cold"
    footnotes = [
        "Dot: cheaper from here on. Servers: as many as needed to match the p99 of Lambda.",
        f"Prices of {workload.prices.region}{_dates(workload, estimates)}, {'with' if workload.free_tier else 'without'} "
        "the monthly free tier.",
    ]
    if any(curve.name in weak for curve in shown):
        footnotes[-1] += " * price from a secondary or undated source, or of another region."
    return render_plot(
        shown,
        break_evens,
        title="Monthly cost",
        subtitle=f"{baseline}, {measured.memory_mib} MB, {times}; traffic: {workload.traffic.name}",
        footnotes=footnotes,
        requests_per_day=workload.requests_per_day,
        weak=weak,
    )


def _dates(workload: Workload, estimates: list[Estimate]) -> str:
    """Return the first and the last month in which the prices of the estimates were read; empty without dates."""
    used = {component.price for each in estimates for component in each.components}
    prices = [price for price in map(workload.prices.find, used) if price is not None]
    months = sorted({price.date[:7] for price in prices if not price.is_weak and price.date[:1].isdigit()})
    if not months:
        return ""
    return f", {months[0]}" if len(months) == 1 else f", {months[0]} to {months[-1]}"
