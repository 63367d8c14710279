"""The answers of a model, in the shapes that the protocols need."""

from math import isfinite

from .marshal import encode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FLOATS = frozenset((float,))


class Answers:
    """Predictions for some rows, and probabilities if the model has them.

    Strict JSON has no NaN and no infinity, so these become null.
    """

    def __init__(
        self,
        model_name: str,
        classes: "list[object] | None",
        predictions: "list[object]",
        probabilities: "list[object] | None",
    ) -> None:
        self.model_name = model_name
        # As the model returned them: lists, or packed tables.
        self.raw = predictions, probabilities
        self._classes = classes
        self._plain: list[object] | None = None
        self._probabilities: list[object] | None = None

    def plain(self) -> "list[object]":
        """Return one prediction for each row: a label, a number, or a list if there are several targets."""
        if self._plain is None:
            self._plain = [finite(value) for value in self.raw[0]]
        return self._plain

    @property
    def probabilities(self) -> "list[Any] | None":
        """Return one list for each row, with several targets a list of lists; None without probabilities."""
        if self._probabilities is None and self.raw[1] is not None:
            self._probabilities = [finite(_as_list(row)) for row in self.raw[1]]
        return self._probabilities

    def is_nested(self) -> bool:
        """Whether predictions are lists, or probabilities are not a table of floats."""
        predictions, probabilities = self.raw
        if type(predictions) is not list or not predictions or type(predictions[0]) is list:
            return True
        if type(probabilities) is not list:
            return False
        first = probabilities[0]
        return type(first) is not list or not first or type(first[0]) is not float

    def detailed(self) -> "list[dict[str, object]]":
        """Return one object for each row, with the prediction and the probabilities by class."""
        rows = self.probabilities
        if rows is None:
            return [{"prediction": prediction} for prediction in self.plain()]
        names = self.probability_names()
        return [
            {"prediction": prediction, "probabilities": _by_class(names, row)}
            for prediction, row in zip(self.plain(), rows)
        ]

    def has_flat_probabilities(self) -> bool:
        """Whether each row has one list of probabilities, not one for each of several targets."""
        rows = self.probabilities
        return bool(rows) and not isinstance(rows[0][0], list)  # type: ignore[index]

    def class_names(self) -> "list[object]":
        """Return the classes as keys of a JSON object; with several targets, one list for each target."""
        return list(map(label_key, self._classes or []))

    def probability_names(self) -> "list[object]":
        """Return the classes that have probabilities: only the second of two if each row has one number."""
        names = self.class_names()
        probabilities = self.raw[1]
        if probabilities is not None and len(names) == 2 and len(_as_list(probabilities[0])) == 1:
            return names[1:]
        return names


def _as_list(row: object) -> "list[object]":
    """Return the row as a list. A custom model may return only the probability of its second class."""
    return row if isinstance(row, list) else [row]


def strict_text(value: object) -> str:
    """Return strict JSON that UTF-8 can encode: lone surrogates are escaped."""
    text = encode_json(value)
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def label_key(label: object) -> object:
    """Return a label as a key of a JSON object, with the spelling of the JSON value. A list gives a list of keys."""
    if isinstance(label, list):
        return list(map(label_key, label))
    if label is True or label is False:
        return "true" if label else "false"
    return label if isinstance(label, str) else repr(label)


def _by_class(names: "list[Any]", row: "list[Any]") -> object:
    """Return {class: probability}; with several targets, a list of these.

    A classifier chain gives only the probability of each target's last class.
    """
    if not names or isinstance(names[0], str):
        return dict(zip(names, row))
    return [dict(zip(*pair)) if isinstance(pair[1], list) else {pair[0][-1]: pair[1]} for pair in zip(names, row)]


def finite(value: object) -> "Any":
    """Return the value with None for each NaN and infinity in it."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, list):
        if FLOATS.issuperset(map(type, value)) and all(map(isfinite, value)):
            return value
        return [finite(item) for item in value]
    return value
