"""The leaf that a row reaches in each tree, as columns of 0 and 1."""

from .trees import narrow_to_float32, walk_trees, walk_trees_with_missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def leaf_indicators(
    rows: "list[list[float]]",
    *,
    roots: "Sequence[int]",
    feature: "Sequence[int]",
    threshold: "Sequence[float]",
    jump: "Sequence[int]",
    columns: "Sequence[int]",
    missing_left: "Sequence[int] | None" = None,
) -> "list[dict[int, float]]":
    """Return sparse rows with a 1 in the column of each leaf reached. Source: sklearn.ensemble.RandomTreesEmbedding."""
    walk = walk_trees if missing_left is None else walk_trees_with_missing
    return [
        {columns[leaf]: 1.0 for leaf in walk(row, roots, feature, threshold, jump, missing_left)}
        for row in narrow_to_float32(rows)
    ]
