"""The columns of a wide model share entries in its file: the same signature, answers and refusals as with a list of columns."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from iris_model.compiler.emit import emit, replace_signature
from iris_model.compiler.shared_columns import MANY_COLUMNS
from iris_model.engine import CompiledModel
from iris_model.engine.errors import InvalidInput, ModelFormatError
from iris_model.readers import Graph, Node
from iris_model.runtime.model import Model
from tests.native.models import odd, ordinary
from tests.support.shared_columns import metadata_of, signature_of, with_shared_columns

WIDTH = 1100
ROW = [float(index % 7) for index in range(WIDTH)]


def columns(width: int, **changes: Any) -> list[dict[str, Any]]:
    return [
        {"name": f"größe {index}", "kind": "numeric", "dtype": "float64", "missing": False, **changes}
        for index in range(width)
    ]


def model(made: list[dict[str, Any]]) -> bytes:
    width = len(made)
    weights = np.arange(width, dtype=np.float64)[None]
    nodes = [
        Node("linear", ("rows",), "table", {}, {"coefficients": weights, "intercepts": np.zeros(1)}),
        Node("column", ("table",), "numbers", {"index": 0}, {}),
    ]
    outputs = {"predict": {"kind": "number", "columns": 1}}
    signature: Any = {"columns": made, "named": True, "task": "regressor", "classes": None, "outputs": outputs}
    return emit(Graph(tuple(nodes), {"predict": "numbers"}, signature))


def listed(made: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The same model with a list of columns."""
    with monkeypatch.context() as patched:
        patched.setattr("iris_model.compiler.emit.share_columns", lambda *arguments: None)
        return model(made)


def runtime(data: bytes) -> Model:
    return Model("wide", "wide.safetensors", "compiled", CompiledModel("wide", data))


def ask(asked: Model, payload: object) -> object:
    event = {
        "requestContext": {"http": {"method": "POST"}},
        "headers": {"content-type": "application/json"}
        if not isinstance(payload, str)
        else {"content-type": "text/csv"},
        "body": payload if isinstance(payload, str) else json.dumps(payload),
    }
    return asked.answer(event)


def variants() -> dict[str, list[dict[str, Any]]]:
    ranges = columns(WIDTH)
    for index, column in enumerate(ranges[:-1]):
        column |= {"minimum": -float(index), "maximum": index + 0.1}
    kinds = columns(WIDTH)
    for column in kinds[::3]:
        column |= {"missing": True, "dtype": "float32"}
    kinds[7] |= {"kind": "categorical", "categories": [1.0, 2.0], "missing": True}
    return {"one kind": columns(WIDTH), "ranges": ranges, "kinds": kinds}


@pytest.mark.parametrize("name", ["one kind", "ranges", "kinds"])
def test_it_answers_as_with_a_list_of_columns(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = variants()[name]
    wide, plain = model(made), listed(made, monkeypatch)
    assert metadata_of(wide)["format"] == "iris-model/2" and metadata_of(plain)["format"] == "iris-model/1"
    assert len(metadata_of(wide)["signature"]) < 1000
    names = [column["name"] for column in made]
    named = dict(zip(names, ROW, strict=True))
    backwards = dict(reversed(named.items()))
    without, more = {**named}, {**named, "other": 1.0}
    del without[names[5]]
    too_large = [*ROW[:9], 1e39, *ROW[10:]]
    shuffled = {"columns": names[::-1], "data": [ROW[::-1]] * 2}
    bodies = [
        ROW, [ROW] * 3, named, backwards, [backwards] * 2, without, more, too_large, [None, *ROW[1:]], [*ROW[:5], None, *ROW[6:]],
        ROW[1:], {"instances": [backwards]}, {"dataframe_split": shuffled}, {"dataframe_records": [more]}, {"inputs": 1},
        {"inputs": {key: [value] for key, value in named.items()}}, ["a", *ROW[1:]], [*ROW[:7], 9.0, *ROW[8:]], {},
        ",".join(names) + "\n" + ",".join(map(str, ROW)), ",".join(map(str, ROW)),
        ",".join(names[1:]) + "\n" + ",".join(map(str, ROW[1:])),
    ]  # fmt: skip
    one, other = runtime(wide), runtime(plain)
    for body in bodies:
        assert ask(one, body) == ask(other, body)
    assert one.signature == other.signature
    assert json.dumps(one.signature) == json.dumps(other.signature)
    for event in (ROW, named, backwards):
        assert one.answer(event) == other.answer(event)


def test_a_row_of_numbers_reads_no_names() -> None:
    opened = CompiledModel("wide", model(variants()["ranges"]))
    asked = Model("wide", "wide.safetensors", "compiled", opened)
    assert asked.answer(ROW) == asked.answer(ROW)
    names: Any = opened.columns
    assert names._names is None and names._whole is None
    assert asked.signature["columns"][3] == {**columns(4)[3], "minimum": -3.0, "maximum": 3.1}


def test_the_refusal_of_a_cell_names_its_column() -> None:
    opened = CompiledModel("wide", model(columns(WIDTH)))
    with pytest.raises(InvalidInput, match="feature 'größe 4'"):
        opened.predict([[*ROW[:4], "x", *ROW[5:]]])
    with pytest.raises(InvalidInput, match=r"größe 7, \.\.\."):
        opened.predict([[1.0]])


def test_a_small_model_has_a_list_of_columns() -> None:
    assert metadata_of(model(columns(MANY_COLUMNS - 1)))["format"] == "iris-model/1"
    assert isinstance(signature_of(model(columns(MANY_COLUMNS - 1)))["columns"], list)


@pytest.mark.parametrize(
    "change",
    [{"name": "a\0b"}, {"minimum": 2**60, "maximum": 2**60 + 1}, {"minimum": 1.0}],
    ids=["separator in a name", "inexact range", "half a range"],
)
def test_columns_that_the_form_cannot_hold_are_a_list(change: dict[str, Any]) -> None:
    made = columns(MANY_COLUMNS)
    made[4] |= change
    data = model(made)
    assert metadata_of(data)["format"] == "iris-model/1"
    assert CompiledModel("wide", data).signature["columns"] == made


def test_too_many_kinds_are_a_list() -> None:
    made = [{**column, "categories": [index]} for index, column in enumerate(columns(MANY_COLUMNS))]
    assert metadata_of(model(made))["format"] == "iris-model/1"


def test_another_signature_keeps_the_columns() -> None:
    data = model(columns(WIDTH))
    signature: Any = {**CompiledModel("wide", data).signature, "answer_classes": ["one"]}
    changed = replace_signature(data, signature)
    assert CompiledModel("wide", changed).signature == signature
    assert len(metadata_of(changed)["signature"]) < 1000


@pytest.mark.parametrize("made", [ordinary, odd], ids=["ordinary", "odd"])
def test_every_damaged_byte_is_an_error_or_harmless(made: Any) -> None:
    data = bytearray(with_shared_columns(made()[1]))
    row = [1.0] * 4
    for position in range(len(data)):
        data[position] ^= 1 << position % 8
        try:
            opened = CompiledModel("damaged", bytes(data))
            assert len(opened.signature["columns"]) == 4
            assert len(opened.predict([row])) == 1
        except (ModelFormatError, InvalidInput):
            pass
        except AttributeError as error:
            assert "has no predict" in str(error)
        data[position] ^= 1 << position % 8


@pytest.mark.parametrize(
    ("part", "value"),
    [("count", 3), ("count", 5), ("count", None), ("kinds", []), ("kinds", {}), ("kinds", [{"kind": "other"}])],
)
def test_parts_that_do_not_fit_together_are_refused(part: str, value: object) -> None:
    data = with_shared_columns(ordinary()[1])
    signature = signature_of(data)
    signature["columns"][part] = value
    changed = save(load(data), {**metadata_of(data), "signature": json.dumps(signature)})
    with pytest.raises(ModelFormatError, match="damaged"):
        CompiledModel("damaged", changed)
