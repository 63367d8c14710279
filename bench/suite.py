"""Every bench in turn, one table in the end: `python bench/suite.py [script ...]`.

Writes `bench/results.json` (claims only, committed) and, between its two marks, the table of README.md. With `--check` it
writes neither and compares: a ratio that is worse than the committed one by more than a third fails.
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
SCRIPTS = ("cold_start", "opening", "engine", "local", "servers", "image")
# Claims of these are many of one kind: a table of their own, a row for each peer.
PEERS = "servers"
PEER_MARK = " / ours: "
START, END = "<!-- made by `make bench` -->", "<!-- end of what `make bench` made -->"
WORSE_BY = 4 / 3


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
    README.write_text(replace_table(README.read_text(encoding="utf-8"), kept), encoding="utf-8")
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
    """The claims as tables of Markdown; those that do not hold say so."""
    claims = claims_of({name: found for name, found in results.items() if name != PEERS})
    lines = ["| what | ours | the other | ratio | target |", "|---|---|---|---|---|"]
    for claim in claims:
        target = f"{claim.bound} {claim.target:g}" + ("" if claim.held else ", **missed**")
        ours, other = (f"{value:,.1f} {claim.unit}" for value in (claim.ours, claim.other))
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


def replace_table(readme: str, results: dict[str, Any]) -> str:
    """The text with the table between the two marks made anew."""
    before, start, rest = readme.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise SystemExit(f"README.md lacks the marks {START} and {END}: there is no place for the table.")
    return f"{before}{START}\n{render_table(results)}\n{END}{after}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
