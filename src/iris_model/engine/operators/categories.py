"""Trees that split on sets of categories as well as on thresholds.

A category is an integer in a cell. The set of a node has one bit for each category; if the bit is 1, the row goes left.
A number without a bit (too large, or negative) goes left if the set has `outside_left`. Fractions are truncated first;
some libraries test for negative numbers before they truncate.
"""

from .trees import backwards

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

BITS = 32
# Larger than every category of a set, and small enough for `int`.
LARGEST_CATEGORY = 2.0**31


def walk_trees_with_categories(
    row: "Sequence[float]",
    roots: "Sequence[int]",
    feature: "Sequence[int]",
    threshold: "Sequence[float]",
    jump: "Sequence[int]",
    missing_left: "Any",
    sets: "Any",
    lowest: float,
) -> "list[int]":
    """Return the leaf that the row reaches in each tree.

    `sets` has four arrays: each node's set, or -1 if the node splits at its threshold; each set's first word (one entry
    more than sets); the words of 32 bits; and for each set whether other numbers go left. Numbers up to `lowest` are
    outside every set.
    """
    category_set, set_start, set_words, outside_left = sets
    reached = []
    for node in roots:
        chosen = feature[node]
        while chosen >= 0:
            value = row[chosen]
            number = category_set[node]
            if value != value:
                left = missing_left[node]
            elif number < 0:
                left = value <= threshold[node]
            else:
                left = outside_left[number]
                if lowest < value < LARGEST_CATEGORY:
                    category = int(value)
                    word = set_start[number] + category // BITS
                    if word < set_start[number + 1]:
                        left = set_words[word] >> category % BITS & 1
            if left:
                node += 1
            else:
                step = jump[node]
                if step <= 0:
                    raise backwards(node)
                node += step
            chosen = feature[node]
        reached.append(jump[node])
    return reached
