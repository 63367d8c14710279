"""Boosted trees with a linear function of the row in each leaf. Source: LightGBM, Tree::Predict of linear trees."""

from .categories import walk_trees_with_categories
from .trees import walk_trees_with_missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def linear_leaf_trees(
    rows: "list[list[float]]",
    *,
    roots: "Sequence[int]",
    feature: "Sequence[int]",
    threshold: "Sequence[float]",
    jump: "Sequence[int]",
    missing_left: "Sequence[int]",
    leaves: "Sequence[float]",
    output: "Sequence[int]",
    base: "Sequence[float]",
    constants: "Sequence[float]",
    starts: "Sequence[int]",
    columns: "Sequence[int]",
    coefficients: "Sequence[float]",
    category_set: "Sequence[int] | None" = None,
    set_start: "Sequence[int] | None" = None,
    set_words: "Sequence[int] | None" = None,
    outside_left: "Sequence[int] | None" = None,
) -> "list[list[float]]":
    """Return `boosted_trees` where a leaf adds its constant and the products of its columns and coefficients.

    `starts`: where each leaf's columns start (one entry more than leaves). If a cell of these columns is missing, the
    leaf adds its plain value.
    """
    table = []
    sets = (category_set, set_start, set_words, outside_left)
    for row in rows:
        if category_set is None:
            reached = walk_trees_with_missing(row, roots, feature, threshold, jump, missing_left)
        else:
            reached = walk_trees_with_categories(row, roots, feature, threshold, jump, missing_left, sets, -1.0)
        totals = list(base)
        for leaf, place in zip(reached, output):
            value = constants[leaf]
            for index in range(starts[leaf], starts[leaf + 1]):
                value += coefficients[index] * row[columns[index]]
            totals[place] += value if value == value else leaves[leaf]
        table.append(totals)
    return table
