"""Boosted trees: each leaf holds one number, and each tree adds its number to one output.

The trees are stored as for `tree_ensemble` (trees.py). The sum starts at `base` and adds the trees in training order.
For XGBoost, which adds in float32, it is rounded to float32 after every addition.
"""

from .categories import walk_trees_with_categories
from .trees import kernels_pay, narrow_to_float32, walk_trees, walk_trees_with_missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def boosted_trees(
    rows: "list[list[float]]",
    starts: "list[list[float]] | None" = None,
    *,
    roots: "Sequence[int]",
    feature: "Sequence[int]",
    threshold: "Sequence[float]",
    jump: "Sequence[int]",
    leaves: "Sequence[float]",
    output: "Sequence[int]",
    base: "Sequence[float]",
    narrow: bool,
    float32_sum: bool = False,
    missing_left: "Sequence[int] | None" = None,
    category_set: "Sequence[int] | None" = None,
    set_start: "Sequence[int] | None" = None,
    set_words: "Sequence[int] | None" = None,
    outside_left: "Sequence[int] | None" = None,
    lowest_category: float = -1.0,
    memo: "dict[str, object] | None" = None,
) -> "list[list[float]]":
    """Return `base` (k) plus the value of the leaf that each tree selects, added in order: n x k.

    `output`: the column that each tree adds to. `starts` (n x k) replaces `base` if an initial estimator computes it.
    `narrow`, `missing_left` and `memo`: see `tree_ensemble`. From `category_set` to `lowest_category`: see
    categories.py.
    """
    sets = None if category_set is None else (category_set, set_start, set_words, outside_left)
    if starts is None and kernels_pay(rows, roots):
        from iris_model.engine.native import run_kernel

        nodes = roots, feature, threshold, jump, missing_left
        made: list[list[float]] | None = run_kernel(
            "boosted_trees", rows, *nodes, leaves, output, base, narrow, float32_sum, sets, lowest_category, memo
        )
        if made is not None:
            return made
    if narrow:
        rows = narrow_to_float32(rows)
    cell = memoryview(bytearray(4)).cast("f")
    table = []
    for position, row in enumerate(rows):
        if sets is not None:
            reached = walk_trees_with_categories(
                row, roots, feature, threshold, jump, missing_left, sets, lowest_category
            )
        elif missing_left is not None:
            reached = walk_trees_with_missing(row, roots, feature, threshold, jump, missing_left)
        else:
            reached = walk_trees(row, roots, feature, threshold, jump, None)
        totals = list(base) if starts is None else list(starts[position])
        if float32_sum:
            # Rounding the float64 sum of two float32 gives their exact float32 sum: 53 bits are more than 2 * 24 + 1.
            for leaf, column in zip(reached, output):
                cell[0] = totals[column] + leaves[leaf]
                totals[column] = cell[0]
        else:
            for leaf, column in zip(reached, output):
                totals[column] += leaves[leaf]
        table.append(totals)
    return table
