"""Statistics of categories and of their combinations ("CTRs" in CatBoost), as found in training.

A projection combines features: categories, numbers above a border, categories equal to one category. The values of a
row have one hash of 64 bits. Source: catboost/libs/model/static_ctr_provider.cpp and hash.h. The compiler computes the
statistics of every known hash. The trees only compare a statistic with its borders, so the file has the number of
borders below it.
"""

from bisect import bisect_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypedDict

    class Projection(TypedDict):
        """The features of a projection, and its number of statistics: see `category_statistics`."""

        categories: list[int]
        above: list[tuple[int, float, bool]]
        equal: list[tuple[int, int]]
        count: int


MASK = 0xFFFFFFFFFFFFFFFF
MULTIPLIER = 0x4906BA494954CB65
HALF, WHOLE = 0x80000000, 0x100000000


def category_statistics(
    hashes: "list[list[float]]",
    numbers: "list[list[float]] | None" = None,
    *,
    projections: "Sequence[Projection]",
    keys: "Sequence[int]",
    starts: "Sequence[int]",
    levels: "Sequence[int]",
    absent: "Sequence[int]",
) -> "list[list[float]]":
    """Return the level of each statistic: the number of its borders below the value of the row. n x statistics.

    `hashes`: the table of `hash_categories`; `numbers`: the numeric features, in float32. A projection has `categories`
    (columns of `hashes`), `above` (column of `numbers`, border, whether a missing value counts as above), `equal`
    (column of `hashes`, hash), and `count`, its number of statistics. `keys`: the known hashes of all projections,
    ascending in each; those of projection p start at `starts[p]`. `levels`: for each key the levels of its projection's
    statistics. `absent`: the level of each statistic for an unknown hash.
    """
    plan = []
    place = first = 0
    for number, projection in enumerate(projections):
        start, end, count = starts[number], starts[number + 1], projection["count"]
        plan.append(
            (
                projection["categories"],
                projection["above"],
                projection["equal"],
                (start, end),
                place,
                count,
                [float(level) for level in absent[first : first + count]],
            )
        )
        place += (end - start) * count
        first += count
    table = []
    for index, row in enumerate(hashes):
        found: list[float] = []
        cells: Sequence[float] = () if numbers is None else numbers[index]
        for categories, above, equal, (start, end), offset, count, unknown in plan:
            key = _combine(row, cells, categories, above, equal)
            at = bisect_left(keys, key, start, end)
            if at < end and keys[at] == key:
                at = offset + (at - start) * count
                found += levels[at : at + count]
            else:
                found += unknown
        table.append(found)
    return table


def _combine(
    row: "Sequence[float]",
    cells: "Sequence[float]",
    categories: "Sequence[int]",
    above: "Sequence[tuple[int, float, bool]]",
    equal: "Sequence[tuple[int, int]]",
) -> int:
    """Return the hash of the row in a projection. A category's hash is a signed number of 32 bits here."""
    key = 0
    for column in categories:
        value = int(row[column])
        key = MULTIPLIER * (key + MULTIPLIER * (value if value < HALF else value - WHOLE)) & MASK
    for column, border, missing in above:
        cell = cells[column]
        is_above = cell > border if cell == cell else missing
        key = MULTIPLIER * (key + MULTIPLIER * is_above) & MASK
    for column, wanted in equal:
        key = MULTIPLIER * (key + MULTIPLIER * (row[column] == wanted)) & MASK
    return key
