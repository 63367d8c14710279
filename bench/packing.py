"""When to pack the nodes of trees (csrc/trees.c, NODES_PER_WALK): rows, trees and nodes, in place against packed.

    python bench/packing.py [rounds]

One walk is one row through one tree. `in place`: nodes are walked where they lie in the file. `packed`: a call that packs all
nodes first. `kept`: nodes are packed already. Packing pays off when the walks save the time that it takes; the last column
shows for how many nodes one walk pays. Complete trees, random thresholds, one thread; the shortest of all rounds counts.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from array import array
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from iris_model.engine import native
from iris_model.engine.packed import Table

ROUNDS = 15
FEATURES = 20
ROWS, TREES, DEPTHS = (1, 4, 16, 64, 256), (10, 100), (5, 8, 11)
MEAN = 3
# A count of earlier walks at which every forest is packed.
MANY_WALKS = 1 << 40


def main(arguments: list[str]) -> int:
    """Measure and print the grid."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    kernels = native.find_kernels()
    if kernels is None:
        print("the kernels are not built here", file=sys.stderr)
        return 1
    source = random.Random(0)
    print(
        f"{'rows':>6} {'trees':>6} {'nodes':>8} {'in place us':>12} {'packed us':>11} {'kept us':>9} {'nodes a walk':>13}"
    )
    paid: list[float] = []
    for trees, depth in product(TREES, DEPTHS):
        forest = draw_forest(source, trees, depth)
        nodes = len(forest[1])
        for count in ROWS:
            in_place, packed, packed_before = measure(kernels, forest, draw_rows(source, count), rounds)
            saved = (in_place - packed_before) / (count * trees)
            per_node = (packed - packed_before) / nodes
            pays = saved / per_node if saved > 0 < per_node else 0.0
            paid.append(pays)
            print(
                f"{count:6} {trees:6} {nodes:8} {in_place:12.1f} {packed:11.1f} {packed_before:9.1f} {pays:13.1f}",
                flush=True,
            )
    print(f"one walk pays for the packing of {statistics.median(paid):.1f} nodes (median of all)")
    return 0


def measure(kernels: Any, forest: tuple[Any, ...], rows: list[bytes], rounds: int) -> tuple[float, float, float]:
    """Microseconds for all rows: where nodes lie, packed in the call, packed before."""
    tables, whole = [Table(row, FEATURES) for row in rows], Table(b"".join(rows), FEATURES)
    kept: dict[str, Any] = {"walks": MANY_WALKS}
    ask(kernels, forest, whole, kept)
    return (
        # Row by row there are never so many walks that nodes are packed.
        shortest(rounds, lambda: [ask(kernels, forest, table, None) for table in tables]),
        shortest(rounds, lambda: ask(kernels, forest, whole, {"walks": MANY_WALKS})),
        shortest(rounds, lambda: ask(kernels, forest, whole, kept)),
    )


def draw_rows(source: random.Random, count: int) -> list[bytes]:
    """Rows as packed doubles."""
    return [array("d", [source.gauss(0, 1) for _ in range(FEATURES)]).tobytes() for _ in range(count)]


def draw_forest(source: random.Random, trees: int, depth: int) -> tuple[Any, ...]:
    """(roots, feature, threshold, jump, leaf values) of complete trees, node before its children."""
    roots, features, thresholds, jumps, leaves = array("q"), array("i"), array("d"), array("i"), array("d")

    def grow(levels: int) -> None:
        place = len(features)
        if levels == 0:
            features.append(-1)
            thresholds.append(0.0)
            jumps.append(len(leaves))
            leaves.append(source.random())
            return
        features.append(source.randrange(FEATURES))
        thresholds.append(source.gauss(0, 0.5))
        jumps.append(0)
        grow(levels - 1)
        jumps[place] = len(features) - place
        grow(levels - 1)

    for _ in range(trees):
        roots.append(len(features))
        grow(depth)
    return roots, features, thresholds, jumps, leaves


def ask(kernels: Any, forest: tuple[Any, ...], table: Table, kept: dict[str, Any] | None) -> bytes:
    """The mean of all trees for each row."""
    roots, features, thresholds, jumps, leaves = forest
    made = kernels.tree_ensemble(table, roots, features, thresholds, jumps, None, leaves, 1, MEAN, 1, kept)
    assert isinstance(made, bytes), "the kernel declined"
    return made


def shortest(rounds: int, call: Callable[[], object]) -> float:
    """Microseconds of this thread."""
    taken = []
    for _ in range(rounds):
        started = time.thread_time_ns()
        call()
        taken.append(time.thread_time_ns() - started)
    return min(taken) / 1e3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
