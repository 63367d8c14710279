"""From decisions to labels. Labels keep their type: an int stays an int."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .packed import Table

    Rows = Table | list[list[float]]


def argmax_label(rows: "Rows", *, classes: "list[Any]") -> "list[Any]":
    """The class of the largest cell of each row; the first one wins a tie, as numpy.argmax decides."""
    if not isinstance(rows, list) and (made := rows.labels(classes)) is not None:
        return made
    return [classes[row.index(max(row))] for row in rows]


def last_argmax_label(rows: "list[list[float]]", *, classes: "list[Any]") -> "list[Any]":
    """The class of the largest cell of each row; the last one wins a tie (OneVsRestClassifier before 1.8)."""
    labels = []
    for row in rows:
        largest = max(row)
        labels.append([label for label, value in zip(classes, row) if value == largest][-1])
    return labels


def threshold_label(rows: "Rows", *, classes: "list[Any]", threshold: float = 0.0) -> "list[Any]":
    """The second class where the only cell of the row is greater than the threshold, else the first."""
    if not isinstance(rows, list) and (made := rows.labels(classes, threshold)) is not None:
        return made
    negative, positive = classes
    return [positive if row[0] > threshold else negative for row in rows]


def threshold_label_inclusive(rows: "Rows", *, classes: "list[Any]", threshold: float = 0.0) -> "list[Any]":
    """The second class where the only cell of the row reaches the threshold, else the first."""
    if not isinstance(rows, list) and (made := rows.labels(classes, threshold, True)) is not None:
        return made
    negative, positive = classes
    return [positive if row[0] >= threshold else negative for row in rows]
