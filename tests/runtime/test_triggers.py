"""Events that are not requests: pings are answered at once, others cause an error that names the trigger."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from iris_model.compiler import compile_model
from iris_model.engine import load as load_compiled
from iris_model.project.openapi_schemas import build_schemas
from iris_model.runtime import InvalidInput, Model
from iris_model.runtime.card import row_schema
from iris_model.runtime.payloads import order_features
from iris_model.runtime.triggers import ANSWERED_BY_EVENTS, BY_KEYS, RECORD_SOURCES, SOURCES
from tests.support.aws_rules.answers import find_retried, read_redshift_answer
from tests.support.tiny_model import NAMES, columns, metadata
from tests.support.trigger_events import PINGS, TRIGGERS, VARIANTS

DICTIONARIES = [{"a": 1.0, "c": "x"}, {"a": 2.0, "c": "y"}, {"a": 3.5, "b": 2.0}, {"b": 1.0, "c": "x"}]


@pytest.fixture(scope="module")
def of_dictionaries(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A model whose features are all optional, and the original."""
    directory = tmp_path_factory.mktemp("dictionaries")
    original = make_pipeline(DictVectorizer(), LogisticRegression()).fit(DICTIONARIES, [0, 1, 1, 0])
    (directory / "model.safetensors").write_bytes(compile_model(original).data)
    return original, directory


@pytest.fixture
def dictionary_model(of_dictionaries: tuple[Any, Path], monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(of_dictionaries[1]))
    return Model.load("model")


@pytest.mark.parametrize("name", PINGS)
def test_a_ping_is_answered_at_once(model: Model, dictionary_model: Model, name: str, monkeypatch: Any) -> None:
    for each in (model, dictionary_model):
        monkeypatch.setattr(each, "_evaluator", None)  # nothing is evaluated
        assert each.answer(PINGS[name]) == {"warm": True}


@pytest.mark.parametrize(("sender", "event"), VARIANTS)
def test_an_event_of_another_trigger_is_named(
    model: Model, dictionary_model: Model, sender: str, event: dict[str, Any]
) -> None:
    for each in (model, dictionary_model):
        with pytest.raises(InvalidInput, match=f"this is an event of {sender}; expected an HTTP request or rows"):
            each.answer(event)


@pytest.mark.parametrize("sender", TRIGGERS)
def test_events_are_advised_where_they_answer_the_sender(model: Model, sender: str) -> None:
    """Each type of source of [events], and only these."""
    with pytest.raises(InvalidInput) as caught:
        model.answer(TRIGGERS[sender])
    assert ("add its source to [events]" in str(caught.value)) == (sender in ANSWERED_BY_EVENTS)


def test_every_sender_that_events_answers_has_a_name() -> None:
    names = {*RECORD_SOURCES.values(), *SOURCES.values(), *(name for _, name in BY_KEYS)}
    assert names > ANSWERED_BY_EVENTS


@pytest.mark.parametrize("reports", [True, False])
def test_no_record_of_a_batch_is_lost(model: Model, dictionary_model: Model, reports: bool) -> None:
    """The trigger reads the answer as a failure of all records: all are delivered again."""
    event = TRIGGERS["Amazon SQS"]
    identifiers = [each["messageId"] for each in event["Records"]]
    for each in (model, dictionary_model):
        try:
            answer, failed = each.answer(event), False
        except InvalidInput:
            answer, failed = None, True
        assert find_retried(answer, identifiers, reports=reports, failed=failed) == identifiers


def test_redshift_gets_no_wrong_value(model: Model, dictionary_model: Model) -> None:
    """The query fails: by an error of the function, or by an answer that is right."""
    event = TRIGGERS["an Amazon Redshift UDF"]
    for each in (model, dictionary_model):
        with pytest.raises(InvalidInput):
            read_redshift_answer(each.answer(event), event["num_records"])


def test_features_of_these_names_are_features(load: Callable[..., Model]) -> None:
    names = ["Records", "source", "warmer", "detail-type"]
    signature = json.loads(metadata()["signature"])
    model = load(
        signature={**signature, "columns": [{**column, "name": name} for column, name in zip(columns(), names)]}
    )
    row = {"Records": 5.7, "source": 2.8, "warmer": 4.5, "detail-type": 1.3}
    assert model.answer(row)["prediction"] == model.answer(list(row.values()))["prediction"]


@pytest.mark.parametrize(
    "payload",
    [
        {"data": [[1, 2]]},
        {"features": {"a": 1}},
        {"Input": [5.1, 3.5]},
        {"a": 1, "more": {"b": 2}},
        {"a": {"b": 2}},
        {"a": 1, "list": [None]},
        {"a": None},
        {"a": 1e999},
        {"b": 10**400},
    ],
)
def test_rows_that_the_original_refuses_are_refused(
    dictionary_model: Model, of_dictionaries: tuple[Any, Path], payload: dict[str, Any]
) -> None:
    with pytest.raises((TypeError, ValueError, OverflowError)):
        of_dictionaries[0].predict([payload])
    with pytest.raises(InvalidInput, match="row 0"):
        dictionary_model.answer(payload)


@pytest.mark.parametrize(
    "payload", [{}, {"a": 1}, {"key1": "value1", "n": 7}, {"a": 2.5, "tags": ["x", "y"]}, {"c": None}, {"more": None}]
)
def test_rows_that_the_original_answers_are_answered(
    dictionary_model: Model, of_dictionaries: tuple[Any, Path], payload: dict[str, Any]
) -> None:
    expected = of_dictionaries[0].predict_proba([payload])[0]
    answer = dictionary_model.answer(payload)
    assert list(answer["probabilities"].values()) == pytest.approx(expected, rel=1e-9)


def test_a_table_has_a_null_where_a_dictionary_has_nothing(dictionary_model: Model) -> None:
    alone = dictionary_model.answer({"instances": [{"a": 1.0}]})
    for payload in (
        {"dataframe_records": [{"a": 1.0, "b": None, "c": None}]},
        {"dataframe_split": {"columns": ["c", "a", "b"], "data": [[None, 1.0, None]]}},
        {"inputs": {"a": [1.0], "b": [None], "c": [None]}},
    ):
        assert dictionary_model.answer(payload) == alone


def test_a_hasher_ignores_no_feature(tmp_path: Path) -> None:
    """Any feature changes its answer, so that one without a column is refused, and not left out."""
    header = tmp_path / "rows.csv"
    header.write_text("a,b,c\n1,,x\n2,,y\n3.5,2,\n,1,x\n")
    original = make_pipeline(FeatureHasher(2), LogisticRegression()).fit(DICTIONARIES, [0, 1, 1, 0])
    (tmp_path / "model.safetensors").write_bytes(compile_model(original, data=header).data)
    compiled = load_compiled(str(tmp_path / "model.safetensors"))
    known = compiled.signature["columns"]
    row = {"a": 1.0, "unheard of": 5.0}
    assert original.predict_proba([row]).tolist() != original.predict_proba([{"a": 1.0}]).tolist()
    with pytest.raises(InvalidInput, match="unknown feature 'unheard of'"):
        order_features(row, known, 0)
    with pytest.raises(InvalidInput, match="the value is null"):
        order_features({"a": None}, known, 0)
    answer = compiled.predict_proba([order_features({"a": 1.0, "c": "y"}, known, 0)])[0]
    assert answer == pytest.approx(original.predict_proba([{"a": 1.0, "c": "y"}])[0], rel=1e-9)


def test_the_names_of_ordinary_columns_are_no_hints() -> None:
    from iris_model.runtime.events import HINTS

    assert HINTS.isdisjoint(NAMES) and pickle.loads(pickle.dumps(HINTS)) == HINTS


def test_the_card_says_what_a_dictionary_may_have(dictionary_model: Model) -> None:
    """The schema of a row agrees with what is answered, row for row."""
    schema = json.loads(json.dumps(row_schema(dictionary_model.signature["columns"])))
    built = build_schemas(dictionary_model.signature)["NamedRow"]
    rows: list[dict[str, Any]] = [
        {}, {"a": 1}, {"a": None}, {"c": None}, {"c": "x"}, {"more": 1}, {"more": None}, {"more": {"a": 1}}, {"more": [1]},
        {"a": [1]}, {"b": "text"},
    ]  # fmt: skip
    for row in rows:
        try:
            dictionary_model.answer(row)
            is_answered = True
        except InvalidInput:
            is_answered = False
        for each in (schema, built):
            assert Draft202012Validator(each).is_valid(row) == is_answered, row


def test_the_card_of_a_hasher_has_no_other_features() -> None:
    hashed = {"name": "a", "kind": "categorical", "dtype": "object", "missing": True, "optional": True, "hashed": True}
    assert row_schema([hashed])["additionalProperties"] is False


def test_a_row_of_many_features_takes_time_by_their_number() -> None:
    """And not by its square: a vectorizer learns tens of thousands."""
    many = [
        {"name": f"f{index}", "kind": "numeric", "dtype": "float64", "missing": True, "optional": True}
        for index in range(20_000)
    ]
    row = {f"f{index * 7}": 1.0 for index in range(50)} | {"more": 1}
    begin = time.process_time()
    for _ in range(10):
        assert sum(value is not None for value in order_features(row, many, 0)) == 50
    assert time.process_time() - begin < 1
