"""Choosing and joining columns."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def column(rows: "list[list[Any]]", *, index: int) -> "list[Any]":
    """One column of a table as a flat column."""
    return [row[index] for row in rows]


def select_columns(rows: "list[list[Any]]", *, indices: "Sequence[int]") -> "list[list[Any]]":
    """The columns of `indices`, in that order."""
    return [[row[index] for index in indices] for row in rows]


def concat(*tables: "list[list[Any]]") -> "list[list[Any]]":
    """Tables side by side."""
    return [[value for part in parts for value in part] for parts in zip(*tables)]


def per_output(*values: "list[Any]") -> "list[list[Any]]":
    """One cell per value: what a model with several outputs answers, row by row. Cells are labels, or lists of numbers."""
    return [list(cells) for cells in zip(*values)]
