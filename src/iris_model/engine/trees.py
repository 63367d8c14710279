"""Tree ensembles, walked in place.

The arrays are views of the file: nothing is unpacked, so that opening costs the same for ten nodes and for ten million.
Nodes lie in preorder: the left child of node `i` is `i + 1` and `jump[i]` leads to its right child. Both only go
forward, and a jump that does not is an IndexError, as is an index out of range: no file, however broken, can make the walk
loop, and the evaluator reports it as damaged.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

INFINITY = float("inf")
# Their numbers in csrc/trees.c.
COMBINATIONS = {"single": 0, "each": 1, "sum": 2, "mean": 3}
# Fewer trees than these are walked by Python, where it is one row, before a kernel has opened its arrays.
FEW_TREES = 4
# Below this many rows Python rounds them as fast.
FEWEST_ROWS = 16

# Emptied by the first row that is asked for alone.
_cold = [True]


def tree_ensemble(
    rows: "list[list[float]]",
    *,
    roots: "Sequence[int]",
    feature: "Sequence[int]",
    threshold: "Sequence[float]",
    jump: "Sequence[int]",
    values: "Sequence[Sequence[float]]",
    combine: str,
    narrow: bool,
    missing_left: "Sequence[int] | None" = None,
) -> "list[list[float]]":
    """Walk every tree for every row and combine the leaves' values (leaves x k): n x k.

    `narrow`: features are rounded to float32 before they are compared with the float64 thresholds, as scikit-learn does
    (sklearn.tree: `X` is validated to float32, thresholds are float64); `x <= threshold` goes left. A missing value (NaN)
    goes left where `missing_left` says so. `combine`: "single" (one tree), "each" (the first value of every tree, side by
    side), "sum", or "mean" (the sum in the order of the trees, over their number: the order decides ties, so it is part
    of the contract; sklearn.ensemble._forest).
    """
    if kernels_pay(rows, roots):
        from .native import run_kernel

        flat: Any = getattr(values, "flat", None)
        if combine in COMBINATIONS and flat is not None:
            nodes = roots, feature, threshold, jump, missing_left
            made: list[list[float]] | None = run_kernel(
                "tree_ensemble", rows, *nodes, flat, len(values[0]), COMBINATIONS[combine], narrow
            )
            if made is not None:
                return made
    if narrow:
        rows = narrow_to_float32(rows)
    walk = walk_trees if missing_left is None else walk_trees_with_missing
    table = []
    for row in rows:
        leaves = [values[leaf] for leaf in walk(row, roots, feature, threshold, jump, missing_left)]
        if combine == "single":
            table.append(list(leaves[0]))
            continue
        if combine == "each":
            table.append([leaf[0] for leaf in leaves])
            continue
        total = list(leaves[0])
        for leaf in leaves[1:]:
            for position, value in enumerate(leaf):
                total[position] += value
        if combine == "mean":
            count = len(leaves)
            total = [value / count for value in total]
        table.append(total)
    return table


def kernels_pay(rows: "list[list[float]]", roots: "Sequence[int]") -> bool:
    """Whether to ask for a kernel: always for many rows, for a single one only after the first: that is a cold start."""
    if len(rows) > 1 or not _cold:
        return len(rows) > 1 or len(roots) > FEW_TREES
    _cold.clear()
    return False


def walk_trees(
    row: "Sequence[float]",
    roots: "Sequence[int]",
    feature: "Sequence[int]",
    threshold: "Sequence[float]",
    jump: "Sequence[int]",
    missing_left: "Any",
) -> "list[int]":
    """The leaf of each tree that the row falls into."""
    leaves = []
    for node in roots:
        chosen = feature[node]
        while chosen >= 0:
            if row[chosen] <= threshold[node]:
                node += 1
            else:
                step = jump[node]
                if step <= 0:
                    raise backwards(node)
                node += step
            chosen = feature[node]
        leaves.append(jump[node])
    return leaves


def walk_trees_with_missing(
    row: "Sequence[float]",
    roots: "Sequence[int]",
    feature: "Sequence[int]",
    threshold: "Sequence[float]",
    jump: "Sequence[int]",
    missing_left: "Any",
) -> "list[int]":
    """The leaf of each tree that the row falls into; a missing value goes left where the node says so."""
    total = sum(row)
    if total == total:
        # No cell is missing, or the sum were: nothing to ask at every node.
        return walk_trees(row, roots, feature, threshold, jump, None)
    leaves = []
    for node in roots:
        chosen = feature[node]
        while chosen >= 0:
            value = row[chosen]
            left = value <= threshold[node] if value == value else missing_left[node]
            if left:
                node += 1
            else:
                step = jump[node]
                if step <= 0:
                    raise backwards(node)
                node += step
            chosen = feature[node]
        leaves.append(jump[node])
    return leaves


def backwards(node: int) -> IndexError:
    """What a damaged file gets whose walks might not end."""
    return IndexError(f"node {node} does not lead forward")


def narrow_to_float32(rows: "list[list[float]]", *, infinite: bool = False) -> "list[list[float]]":
    """Round every cell to the nearest float32, and back to a Python float; `infinite`: what is too large becomes so."""
    if len(rows) >= FEWEST_ROWS:
        from .native import run_kernel

        made: list[list[float]] | None = run_kernel("narrow", rows)
        if made is not None:
            return made
    cell = memoryview(bytearray(4)).cast("f")
    table = []
    for row in rows:
        narrowed = []
        for value in row:
            cell[0] = value
            narrowed.append(cell[0])
        # The rows as sent were checked; a scaler in between may have made them larger. scikit-learn refuses these too.
        if not infinite and (INFINITY in narrowed or -INFINITY in narrowed):
            raise OverflowError("a value does not fit float32")
        table.append(narrowed)
    return table
