"""Convert decisions to labels. Labels keep their type: an int stays an int."""

from iris_model.engine.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from iris_model.contract.signature import Label
    from iris_model.engine.packed import Table

    Rows = Table | list[list[float]]


def argmax_label(rows: "Rows", *, classes: "list[Label]") -> "list[Label]":
    """Return the class of the largest cell of each row; the first one wins a tie, as in numpy.argmax."""
    if not isinstance(rows, list) and (made := rows.labels(classes)) is not None:
        return made
    return [classes[row.index(max(row))] for row in rows]


def last_argmax_label(rows: "list[list[float]]", *, classes: "list[Label]") -> "list[Label]":
    """Return the class of the largest cell of each row; the last one wins a tie (OneVsRestClassifier before 1.8)."""
    labels = []
    for row in rows:
        largest = max(row)
        labels.append([label for label, value in zip(classes, row) if value == largest][-1])
    return labels


def threshold_label(rows: "Rows", *, classes: "list[Label]", threshold: float = 0.0) -> "list[Label]":
    """Return the second class if the only cell of the row is greater than the threshold, else the first."""
    if not isinstance(rows, list) and (made := rows.labels(classes, threshold)) is not None:
        return made
    if len(classes) == 1 and any(row[0] > threshold for row in rows):
        raise InvalidInput(
            "the model was trained with one class only, and its decision for this row means a second class"
        )
    negative, positive = classes[0], classes[-1]
    return [positive if row[0] > threshold else negative for row in rows]


def threshold_label_inclusive(rows: "Rows", *, classes: "list[Label]", threshold: float = 0.0) -> "list[Label]":
    """Return the second class if the only cell of the row is at least the threshold, else the first."""
    if not isinstance(rows, list) and (made := rows.labels(classes, threshold, True)) is not None:
        return made
    negative, positive = classes
    return [positive if row[0] >= threshold else negative for row in rows]
