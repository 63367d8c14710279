"""Walk ensembles of trees in place.

The arrays are views of the file, so that ten nodes and ten million open equally fast. Nodes are in preorder: the left
child of node `i` is `i + 1`, and `jump[i]` is the positive offset to its right child. Any other offset, or an index out
of range, is an IndexError. So no damaged file can cause an endless loop, and the evaluator reports the damage.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

INFINITY = float("inf")
# The numbers of the combinations in csrc/trees.c.
COMBINATIONS = {"single": 0, "each": 1, "sum": 2, "mean": 3}
# For one row and at most this many trees, Python is faster than a C kernel, which must open its arrays.
FEW_TREES = 4
# For fewer rows, Python rounds as fast as the C kernel.
FEWEST_ROWS = 16

# Emptied at the first request with a single row.
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
    memo: "dict[str, object] | None" = None,
) -> "list[list[float]]":
    """Walk every tree for every row and combine the values of the leaves (leaves x k): n x k.

    `narrow`: features are rounded to float32 before they are compared with float64 thresholds, as scikit-learn does
    (sklearn.tree validates `X` to float32); `x <= threshold` goes left. A missing value (NaN) goes left if
    `missing_left` is set. `combine`: "single" (one tree), "each" (the first value of every tree, side by side), "sum",
    or "mean" (the sum in the order of the trees, divided by their number; the order decides ties, so it is part of the
    contract; sklearn.ensemble._forest). `memo`: keeps the C kernel's packed nodes between calls.
    """
    if kernels_pay(rows, roots):
        from iris_model.engine.native import run_kernel

        flat: object = getattr(values, "flat", None)
        if combine in COMBINATIONS and flat is not None:
            nodes = roots, feature, threshold, jump, missing_left
            made: list[list[float]] | None = run_kernel(
                "tree_ensemble", rows, *nodes, flat, len(values[0]), COMBINATIONS[combine], narrow, memo
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
    """Whether to use a C kernel: for many rows always, for a single row from the second request on.

    The first request is a cold start, which must not load the kernels.
    """
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
    missing_left: object,
) -> "list[int]":
    """Return the leaf that the row reaches in each tree."""
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
    """Return the leaf that the row reaches in each tree. `missing_left`: the nodes where a missing value goes left."""
    total = sum(row)
    if total == total:
        # The sum is a number, so no cell is missing and no node needs the test.
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
    """Return the error for a damaged file whose walk might not end."""
    return IndexError(f"node {node} does not lead forward")


def narrow_to_float32(rows: "list[list[float]]", *, infinite: bool = False) -> "list[list[float]]":
    """Round every cell to the nearest float32. `infinite`: overflow gives infinity instead of InvalidInput."""
    if len(rows) >= FEWEST_ROWS:
        from iris_model.engine.native import run_kernel

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
        # The rows were checked, but a scaler may have made cells larger. scikit-learn also refuses these.
        if not infinite and (INFINITY in narrowed or -INFINITY in narrowed):
            raise OverflowError("a value does not fit float32")
        table.append(narrowed)
    return table
