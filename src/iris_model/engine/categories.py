"""Trees that split on sets of categories as well as on thresholds.

A category is a whole number in a cell. The set of a node has one bit per category: where it is set, the row goes left.
A number that the set has no bit for (too large, or negative) goes where the set's `outside_left` says; fractions are cut
off first, as libraries do by their cast to an integer, but some ask beforehand whether the number is below zero.
"""

from .trees import backwards

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

BITS = 32
# Beyond every set there can be; also keeps the infinite from `int`.
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
    """The leaf of each tree that the row falls into.

    `sets`: the set of each node (-1: the node splits at its threshold), where each set starts in the words (one entry more
    than sets), the words of 32 bits, and for each set whether what lies outside goes left. `lowest`: what is
    not greater lies outside.
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
