"""Shift and scale columns."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from iris_model.engine.packed import Table


def scale(
    rows: "Table | list[list[float]]", *, offset: "Sequence[float]", divisor: "Sequence[float]"
) -> "Table | list[list[float]]":
    """Return (x - offset) / divisor by column. Source: sklearn.preprocessing.StandardScaler.transform."""
    if not isinstance(rows, list) and (made := rows.scale(offset, divisor)) is not None:
        return made
    pairs = tuple(zip(offset, divisor))
    return [[(value - shift) / by for value, (shift, by) in zip(row, pairs)] for row in rows]


def min_max_scale(
    rows: "list[list[float]]",
    *,
    scale: "Sequence[float]",
    offset: "Sequence[float]",
    clip: "Sequence[float] | None" = None,
) -> "list[list[float]]":
    """Return x * scale + offset by column, clipped to `clip` if given. Source: MinMaxScaler.transform."""
    pairs = tuple(zip(scale, offset))
    table = [[value * by + shift for value, (by, shift) in zip(row, pairs)] for row in rows]
    if clip is None:
        return table
    low, high = clip
    # A missing value compares false with both ends and stays missing.
    return [[low if value < low else high if value > high else value for value in row] for row in table]
