"""Choosing and joining columns."""


def column(rows, *, index):
    """One column of a table as a flat column."""
    return [row[index] for row in rows]


def select_columns(rows, *, indices):
    """The columns of `indices`, in that order."""
    return [[row[index] for index in indices] for row in rows]


def concat(*tables):
    """Tables side by side."""
    return [[value for part in parts for value in part] for parts in zip(*tables)]


def per_output(*values):
    """One cell per value: what a model with several outputs answers, row by row. Cells are labels, or lists of numbers."""
    return [list(cells) for cells in zip(*values)]
