"""The text output of `cost`: a table of estimates and break-even points. It computes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from iris_model.cli.terminal import echo, for_terminal

if TYPE_CHECKING:
    from iris_model.cli.costs.document import CostResult
    from iris_model.cli.costs.original import Beside, Executed
    from iris_model.cost import BreakEven, Estimate, Measurement, Workload

HEADINGS = {
    "lambda": "Lambda, pay per request",
    "provisioned": "Lambda, with provisioned concurrency",
    "original": "Lambda, with the original library instead of the compiled model",
    "serverless": "SageMaker, pay per request",
    "server": "Always-on servers",
}
_COLUMNS = ("a month", "per million", "cheaper from")


def print_table(result: CostResult) -> None:
    """Print one line per alternative, and explain the columns and marks."""
    from iris_model.cost.function_costs import ORIGINAL, PROVISIONED

    workload, estimates, baseline = result.workload, result.estimates, result.baseline
    use = workload.sandbox_use
    echo(
        f"{show_count(workload.requests_per_day)} requests a day, {workload.traffic.name}; "
        f"prices of {workload.prices.region} in US dollars\n"
        f"measured:  {_describe(workload.measurement)}\n"
        f"simulated: {use.cold_share:.1%} of requests start cold, p99 {use.p99_ms:.1f} ms, "
        f"up to {workload.peak_concurrency:,} at once"
    )
    _print_beside(workload, estimates, baseline, result.beside)
    found = {each.name: each for each in result.break_evens}
    # One estimate of the original suffices for comparison; --json has it for each architecture and endpoint.
    shown_originals = (baseline + ORIGINAL, baseline + PROVISIONED + ORIGINAL)
    shown = [each for each in estimates if each.kind != "original" or each.name in shown_originals]
    rows = [
        (
            "  " + _label(each) + ("*" if each.is_weak else ""),
            show_usd(each),
            _money(workload.per_million(each)) if each.is_possible else "",
            "compared" if each.name == baseline else _rate(found[each.name]) if each.is_possible else "",
        )
        for each in shown
    ]
    titles = ("", *_COLUMNS)
    widths = [max(len(row[column]) for row in (*rows, titles)) for column in range(4)]
    echo("\n" + _line(titles, widths))
    kind = ""
    for each, row in zip(shown, rows, strict=True):
        if each.kind != kind:
            kind = each.kind
            kept = f", {workload.surroundings.provisioned} kept warm" if kind == "provisioned" else ""
            click.secho(for_terminal(HEADINGS[kind] + kept), bold=True)
        click.secho(for_terminal(_line(row, widths)), fg="green" if each.name == baseline else None)
    echo()
    by_name = {each.name: each for each in shown}
    _print_note(_parts(by_name[baseline]))
    for note in (*_notes(workload, shown, found, baseline), *(f"- {note}" for note in result.notes)):
        _print_note(note)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return the name, then the numbers in aligned columns."""
    numbers = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return "  ".join([cells[0].ljust(widths[0]), *numbers]).rstrip()


def _parts(estimate: Estimate) -> str:
    """Print the parts of one sum."""
    parts = ", ".join(f"{each.name} {_money(each.monthly).strip()}" for each in estimate.components)
    return f"{estimate.name} a month: {parts}."


def _print_note(note: str) -> None:
    echo(click.wrap_text(note, _width(), subsequent_indent="  " if note.startswith(("- ", "* ")) else ""))


def _width() -> int:
    """Return the width of the terminal, up to a readable maximum."""
    return min(shutil.get_terminal_size().columns, 110)


def _print_beside(workload: Workload, estimates: Sequence[Estimate], baseline: str, beside: Beside) -> None:
    """Print the measured executor and the original, one line per number."""
    if beside.original is None or beside.measured is None:
        if beside.problem:
            is_it = beside.measured is not None and beside.measured.executor == "original"
            echo(f"executor original: {'' if is_it else 'not measured; '}{beside.problem}")
        return
    from iris_model.cost.function_costs import ORIGINAL

    monthly = {each.name: each for each in estimates}
    places = [
        (beside.measured, workload, monthly[baseline]),
        (beside.original, workload.of_original(), monthly[baseline + ORIGINAL]),
    ]
    echo(f"\n{'':<18}{beside.measured.executor:>12}{beside.original.executor:>14}")
    for title, one, other in zip(_TITLES, *(list(_column(*place)) for place in places), strict=True):
        echo(f"{title:<18}{one[1]:>12}{other[1]:>14}{_ratio(one[0], other[0]):>11}".rstrip())


def _ratio(one: float | None, other: float | None) -> str:
    if not one or not other:
        return ""
    ratio = other / one
    return f"{ratio:,.0f} x" if ratio >= 10 else f"{ratio:.1f} x"


_TITLES = (
    "memory size", "memory used", "size, unpacked", "init", "cold start", "cold start, p99", "warm", "p99 of requests",
    "a month",
)  # fmt: skip


def _column(executed: Executed, workload: Workload, estimate: Estimate) -> Iterable[tuple[float | None, str]]:
    measured = executed.measurement
    yield measured.memory_mib, f"{measured.memory_mib} MB"
    yield measured.max_memory_mib, f"{measured.max_memory_mib} MB"
    size = executed.size_bytes
    yield size, "unknown" if size is None else f"{size / 1_000_000:,.1f} MB"
    for value in (
        measured.init_ms,
        measured.cold_ms,
        measured.cold_p99_ms,
        measured.warm_ms,
        workload.sandbox_use.p99_ms,
    ):
        yield value, "unknown" if value is None else f"{value:,.1f} ms"
    yield (None if estimate.monthly is None else float(estimate.monthly)), show_usd(estimate).strip()


def _label(estimate: Estimate) -> str:
    from iris_model.cost.function_costs import ORIGINAL, PROVISIONED

    name = estimate.name.removeprefix("Lambda ").removesuffix(ORIGINAL)
    if estimate.kind == "provisioned":
        return name.removesuffix(PROVISIONED)
    return name.replace(PROVISIONED, ", kept warm")


def _notes(workload: Workload, shown: Sequence[Estimate], found: dict[str, BreakEven], baseline: str) -> Iterable[str]:
    from iris_model.cost.plot import show_rate

    yield (
        f"Cheaper from: the number of requests a day from which a row costs less than {baseline}, with the same traffic "
        f"pattern. The number of servers is the smallest that matches the p99 of Lambda at the busiest time. They run all "
        f"month. Load balancers, server logs and spare servers are not counted. Cold starts include only the time of the "
        f"function, not the time that AWS needs to place it. arm64 and x86_64 are assumed to be equally fast. Not counted: "
        f"output of the function, and data transfer to the internet."
    )
    if workload.free_tier:
        yield (
            "Free tier: the monthly free tier of Lambda, CloudWatch and X-Ray. Offers for new accounts (API Gateway, "
            "ECR, EC2, SageMaker) are not counted."
        )
    if workload.library is None:
        yield (
            "- SageMaker serverless is not listed: it runs the original library, which was not measured; add --original"
        )
    if note := _log_note(workload):
        yield note
    if any(each.is_weak for each in shown):
        yield "* price from a secondary or undated source, or of another region; see iris-model cost --show-prices"
    said: dict[str, list[str]] = {}
    for each in shown:
        for note in each.notes:
            names = said.setdefault(note, [])
            name = HEADINGS[each.kind] if each.kind in ("lambda", "provisioned") else each.name
            if name not in names:
                names.append(name)
    for note, names in said.items():
        yield f"- {' and '.join(names)}: {note}"
    for each in shown:
        spans = found[each.name].dearer_again if each.name in found else ()
        if spans:
            stretches = " and ".join(
                f"from {show_rate(start)} to {show_rate(end)}" if end else f"from {show_rate(start)} on"
                for start, end in spans
            )
            yield f"- {each.name}: more expensive again {stretches} a day"
    components = (component for each in shown for component in each.components)
    unknown = dict.fromkeys(each.price or each.name for each in components if each.monthly is None)
    if unknown:
        yield f"- unknown: {', '.join(unknown)}. If one part is unknown, the sum is unknown."


def _log_note(workload: Workload) -> str:
    """The cost of Lambda's log lines, and how to avoid it."""
    from iris_model.cost.function_costs import log_share
    from iris_model.cost.workload import LOG_BYTES

    share, size = log_share(workload), LOG_BYTES[workload.surroundings.log_lines]
    if not share:
        return ""
    return (
        f"- log lines: Lambda writes about {size} bytes for each request, which costs {share:.0%} of the request itself; "
        'log-lines = "errors" in iris-model.toml removes them for successful requests'
    )


def _describe(measured: Measurement) -> str:
    text = f"{measured.memory_mib} MB, {measured.max_memory_mib} MB used, {measured.warm_ms:.1f} ms warm"
    if measured.cold_ms is not None:
        text += f", {measured.cold_ms:.0f} ms cold"
    return f"{text} ({measured.invocations} invocations, {measured.cold_starts} cold)"


def show_count(number: float) -> str:
    """Format a number of requests, with a fraction if it is small."""
    return f"{number:,.0f}" if number >= 10 else f"{number:g}"


def show_usd(estimate: Estimate) -> str:
    """Format the monthly cost, or the reason why it is unknown."""
    return _money(estimate.monthly) if estimate.is_possible else "does not fit"


def _money(amount: Decimal | None) -> str:
    """Format an amount: two decimals, four below a dollar, none from six digits on, aligned at the decimal point."""
    if amount is None:
        return "unknown"
    if amount >= 100_000:
        return f"${amount:,.0f}     "
    return f"${amount:,.2f}  " if amount >= 1 or not amount else f"${amount:,.4f}"


def _rate(found: BreakEven) -> str:
    from iris_model.cost.plot import show_rate

    rate = found.requests_per_day
    if rate is None:
        return "never" if found.is_known else "unknown"
    if rate <= 1:
        return "always" if not found.dearer_again else "1"
    return show_rate(rate)
