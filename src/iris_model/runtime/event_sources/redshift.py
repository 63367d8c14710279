"""Answer a Lambda UDF of Redshift: one scalar for each record.

https://docs.aws.amazon.com/redshift/latest/dg/udf-creating-a-lambda-sql-udf.html
"""

from iris_model.engine.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .interface import Event, Model

PROBABILITY = "_probability"


def answer_redshift(model: "Model", event: "Event") -> "dict[str, object]":
    """Return `{"success": true, "num_records", "results"}`, or `{"success": false, "error_msg"}`, which fails the query.

    The result is the prediction. If the name of the SQL function ends with `_probability`, it is the probability of the
    class in the last argument; with `_probability_CLASS`, that of the class.
    """
    rows = event.get("arguments") or []
    try:
        results = _evaluate(model, str(event["external_function"]).rpartition(".")[2], rows)
    except InvalidInput as error:
        return {"success": False, "error_msg": str(error)}
    return {"success": True, "num_records": len(rows), "results": results}


def _evaluate(model: "Model", function: str, rows: "list[list[object]]") -> "list[object]":
    if not rows:
        return []
    _, is_probability, name = function.lower().rpartition(PROBABILITY)
    if not is_probability:
        # A transformer or a density has no `predict`.
        values: list[object] = getattr(model, model.outputs[0])(rows)
        return [_scalar(value) for value in values]
    labels = model.classes or []
    if not labels or "predict_proba" not in model.outputs:
        raise InvalidInput(
            f"the function is called {function}, and the model has no probabilities", expected="a classifier"
        )
    named: dict[str, list[int]] = {}
    for index, label in enumerate(labels):
        named.setdefault(_identifier(label), []).append(index)
    if name:
        places = [_find_class(named, name.removeprefix("_"))] * len(rows)
    else:
        places = [_find_class(named, row[-1], labels) for row in rows]
        rows = [row[:-1] for row in rows]
    return [_scalar(row[place]) for row, place in zip(model.predict_proba(rows), places)]


def _find_class(named: "dict[str, list[int]]", wanted: object, labels: "Sequence[object]" = ()) -> int:
    """Return the place of a class. A name in SQL may mean several classes; with `labels`, the label means one."""
    found = named.get(_identifier(wanted), [])
    if len(found) > 1:
        exact = [index for index in found if labels and labels[index] == wanted]
        if len(exact) == 1:
            return exact[0]
        raise InvalidInput(
            f"{len(found)} classes are called {_identifier(wanted)} in SQL; use a function whose name ends with "
            f"{PROBABILITY}, and give the class itself as the last argument",
            expected="a class",
        )
    if not found:
        expected = f"one of {', '.join(named)}"
        raise InvalidInput(f"the class is {_identifier(wanted)!r}; expected {expected}", expected=expected)
    return found[0]


def _scalar(value: object) -> object:
    from iris_model.runtime.answers import finite

    if isinstance(value, (list, tuple)):
        if len(value) == 1:
            return finite(value[0])
        raise InvalidInput("the model has several outputs for a row; a UDF returns one value", expected="one output")
    return finite(value)


def _identifier(label: object) -> str:
    """Return a class as SQL writes it in a name: lower case, with `_` for other characters."""
    from iris_model.runtime.answers import label_key

    return "".join(character if character.isalnum() else "_" for character in str(label_key(label)).lower())
