"""Answer a Lambda UDF of Redshift: one scalar for each record.

https://docs.aws.amazon.com/redshift/latest/dg/udf-creating-a-lambda-sql-udf.html
"""

from iris_model.engine.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .interface import Model

PROBABILITY = "_probability"


def answer_redshift(model: "Model", event: "dict[str, Any]") -> "dict[str, object]":
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
        return [_scalar(value) for value in model.predict(rows)]
    names = {_identifier(label): index for index, label in enumerate(model.classes or [])}
    if not names or "predict_proba" not in model.outputs:
        raise InvalidInput(
            f"the function is called {function}, and the model has no probabilities", expected="a classifier"
        )
    if name:
        wanted = [name.lstrip("_")] * len(rows)
    else:
        wanted = [_identifier(row[-1]) for row in rows]
        rows = [row[:-1] for row in rows]
    unknown = [each for each in wanted if each not in names]
    if unknown:
        raise InvalidInput(
            f"the class is {unknown[0]!r}; expected one of {', '.join(names)}", expected=f"one of {', '.join(names)}"
        )
    return [_scalar(row[names[each]]) for row, each in zip(model.predict_proba(rows), wanted)]


def _scalar(value: object) -> object:
    from iris_model.runtime.answers import finite

    if isinstance(value, (list, tuple)):
        raise InvalidInput("the model has several outputs for a row; a UDF returns one value", expected="one output")
    return finite(value)


def _identifier(label: object) -> str:
    """Return a class as SQL writes it in a name: lower case, with `_` for other characters."""
    from iris_model.runtime.answers import label_key

    return "".join(character if character.isalnum() else "_" for character in str(label_key(label)).lower())
