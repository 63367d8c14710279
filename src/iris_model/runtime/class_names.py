"""Answer with the names of the classes. Imported only if `answer-labels` is set: the signature then has the names."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from iris_model.contract.signature import Signature, Source


class NamedClasses:
    """An evaluator whose `predict` returns names: `answer_classes` of the signature in place of `classes`."""

    def __init__(self, evaluator: "Any") -> None:
        self.signature: Signature = evaluator.signature
        self.source: Source = evaluator.source
        self.outputs = evaluator.outputs
        self._evaluate = evaluator.evaluate
        # A model that is not compiled has neither.
        for method, own in (("evaluate_table", self._answer_table), ("find_encoder", None)):
            if hasattr(evaluator, method):
                setattr(self, method, own or getattr(evaluator, method))
        self._evaluate_table = getattr(evaluator, "evaluate_table", None)

    def evaluate(self, rows: "Sequence[object]", outputs: "tuple[str, ...]") -> "list[Any]":
        """Return the values of several outputs. Raises InvalidInput."""
        return self._name(self._evaluate(rows, outputs), outputs)

    def _answer_table(self, table: object, outputs: "tuple[str, ...]") -> "list[Any]":
        return self._name(self._evaluate_table(table, outputs), outputs)  # type: ignore[misc]

    def _name(self, values: "Sequence[Any]", outputs: "tuple[str, ...]") -> "list[Any]":
        return [
            name_classes(value, self.signature) if output == "predict" else value
            for output, value in zip(outputs, values)
        ]


def name_classes(predictions: "Sequence[Any]", signature: "Signature") -> "list[Any]":
    """Return the predictions with names: one for each row, or a list of one for each target.

    A label that is not a class stays: some models have a label for outliers.
    """
    classes, names = signature["classes"] or [], signature["answer_classes"]
    if classes and isinstance(classes[0], list):
        tables = [dict(zip(*pair)) for pair in zip(classes, names)]
        return [[table.get(label, label) for table, label in zip(tables, row)] for row in predictions]
    table = dict(zip(classes, names))
    return [table.get(label, label) for label in predictions]
