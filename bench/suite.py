"""Run every benchmark and print one table: `python bench/suite.py [script ...]`.

Writes `bench/results.json` (claims only, committed), all claims to docs/reference/benchmarks.md, and six of them to
README.md, each between two marks. With `--check` it writes nothing and compares: a ratio that is worse than the committed
one by more than a third fails.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.report import RESULTS, Claim, render

REPOSITORY = Path(__file__).resolve().parents[1]
KEPT = REPOSITORY / "bench" / "results.json"
README = REPOSITORY / "README.md"
PAGE = REPOSITORY / "docs" / "reference" / "benchmarks.md"
SCRIPTS = ("cold_start", "opening", "engine", "bulk", "request", "local", "servers", "image", "networks", "cost")
# Claims of these are many of one kind: a table of their own, a row for each peer.
PEERS = "servers"
PEER_MARK = " / ours: "
START, END = "<!-- made by `make bench` -->", "<!-- end of what `make bench` made -->"
WORSE_BY = 4 / 3
# What README.md shows: what it is, the claim, and what it is compared with.
SUMMARY = (
    (
        "Cold start, native runtime: process start to first answer",
        "hello world under awslambdaric / native runtime, both alone",
        "for a hello world in Python with `awslambdaric`",
    ),
    (
        "Cold start, Python runtime, under the emulator",
        "scikit-learn under awslambdaric / cold start",
        "with scikit-learn and `awslambdaric`",
    ),
    ("Warm request, JSON in and out", "FastAPI / ours: one warm request", "with FastAPI and scikit-learn"),
    ("Image layers above the base image, Python runtime", "layers with scikit-learn / ours", "with scikit-learn"),
    ("Start of a local server to its first answer", "MLServer / ours: start to first answer", "with MLServer"),
    (
        "Monthly cost, 500 requests/day, `us-east-1`",
        "a month of 500 requests a day: SageMaker ml.m5.large / ours",
        "for an always-on SageMaker `ml.m5.large`",
    ),
)


def main(arguments: list[str]) -> int:
    """Run, print, keep or compare; the status is 1 when a claim does not hold or has become worse."""
    check = "--check" in arguments
    scripts = [name for name in arguments if name != "--check"] or list(SCRIPTS)
    measured: dict[str, Any] = {}
    broken = []
    for name in scripts:
        print(f"\n== {name}", flush=True)
        path = RESULTS / f"{name}.json"
        path.unlink(missing_ok=True)
        subprocess.run([sys.executable, str(REPOSITORY / "bench" / f"{name}.py")], check=False)
        if path.exists():
            found = json.loads(path.read_bytes())
            measured[name] = {"machine": found["machine"], "claims": found["claims"]}
        else:
            broken.append(name)  # it did not end; what it printed says why
    claims = claims_of(measured)
    print("\n== all\n" + render(claims))
    if check:
        worse = find_regressions(json.loads(KEPT.read_bytes()), measured)
        print("\n".join(worse) or "no ratio is worse than the committed one by more than a third")
        return 1 if worse or broken else 0
    kept = json.loads(KEPT.read_bytes()) if KEPT.exists() else {}
    kept |= measured
    KEPT.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    for page, table in ((README, render_summary(kept)), (PAGE, render_table(kept))):
        page.write_text(replace_table(page.read_text(encoding="utf-8"), table), encoding="utf-8")
    if broken:
        print(f"did not end: {', '.join(broken)}", file=sys.stderr)
    return 0 if all(claim.held for claim in claims) and not broken else 1


def claims_of(results: dict[str, Any]) -> list[Claim]:
    """The claims of all scripts, in the order in which they are run."""
    names = [name for name in SCRIPTS if name in results]
    return [
        Claim(**{key: value for key, value in claim.items() if key != "held"})
        for name in names
        for claim in results[name]["claims"]
    ]


def find_regressions(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """One sentence for each ratio that became worse by more than a third."""
    earlier = {claim.text: claim for claim in claims_of(before)}
    worse = []
    for claim in claims_of(now):
        known = earlier.get(claim.text)
        if known is None:
            continue
        factor = claim.ratio / known.ratio if claim.bound == "at most" else known.ratio / claim.ratio
        if factor > WORSE_BY:
            worse.append(f"WORSE: {claim.text}: {claim.ratio:.2f}, was {known.ratio:.2f}")
    return worse


def render_table(results: dict[str, Any]) -> str:
    """All claims as Markdown tables; missed targets are marked."""
    claims = claims_of({name: found for name, found in results.items() if name != PEERS})
    lines = ["| what | ours | the other | ratio | target |", "|---|---|---|---|---|"]
    for claim in claims:
        target = f"{claim.bound} {claim.target:g}" + ("" if claim.held else ", **missed**")
        ours, other = (_exactly(value, claim.unit) for value in (claim.ours, claim.other))
        lines.append(f"| {claim.text} | {ours} | {other} | **{claim.ratio:.2f}** | {target} |")
    if PEERS in results:
        lines += ["", *render_peers(claims_of({PEERS: results[PEERS]}))]
    return "\n".join(lines)


def render_peers(claims: list[Claim]) -> list[str]:
    """A row for each server, a column for each measure: its figure, and how many times ours it is."""
    table: dict[str, dict[str, Claim]] = {}
    for claim in claims:
        peer, _, measure = claim.text.partition(PEER_MARK)
        table.setdefault(peer, {})[measure] = claim
    measures = list(dict.fromkeys(measure for row in table.values() for measure in row))
    if not measures:
        return []
    lines = [f"| the same iris model behind | {' | '.join(measures)} |", "|---" * (len(measures) + 1) + "|"]
    first = next(iter(table.values()))
    ours = " | ".join(f"{first[measure].ours:,.1f} {first[measure].unit}" for measure in measures)
    lines.append(f"| iris-model, under the official emulator | {ours} |")
    for peer, row in table.items():
        cells = " | ".join(
            f"{row[m].other:,.1f} {row[m].unit} (**{_times(row[m].ratio)}**)" for m in measures if m in row
        )
        lines.append(f"| {peer} | {cells} |")
    return lines


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}x" if ratio >= 10 else f"{ratio:.1f}x"


def _exactly(value: float, unit: str) -> str:
    return f"${value:,.2f}" if unit == "USD" else f"{value:,.1f} {unit}"


def render_summary(results: dict[str, Any]) -> str:
    """The claims of `SUMMARY` as a Markdown table: what it is, ours, the other with its ratio; without those not measured."""
    known = {claim.text: claim for claim in claims_of(results)}
    lines = ["| | iris-model | compared with |", "|---|---|---|"]
    for what, text, other in SUMMARY:
        if claim := known.get(text):
            ratio = claim.ratio if claim.bound == "at least" else 1 / claim.ratio
            compared = f"{_briefly(claim.other, claim.unit)} {other} (**{_times(ratio)}**)"
            lines.append(f"| {what} | {_briefly(claim.ours, claim.unit)} | {compared} |")
    return "\n".join(lines)


def _briefly(value: float, unit: str) -> str:
    if unit == "KB" and value >= 1000:
        return f"{value / 1000:,.0f} MB"
    digits = 2 if unit == "USD" else 0 if value >= 10 else 1
    return f"${value:,.{digits}f}" if unit == "USD" else f"{value:,.{digits}f} {unit}"


def replace_table(text: str, table: str) -> str:
    """The text of a page with another table between the two marks."""
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise SystemExit(f"the page lacks the marks {START} and {END}, between which the table goes")
    return f"{before}{START}\n{table}\n{END}{after}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
