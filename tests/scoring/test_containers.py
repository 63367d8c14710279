"""X in every container, and the container of the answer. The libraries themselves make the containers."""

from __future__ import annotations

import decimal
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone

import iris_model as im
from iris_model.engine.errors import InvalidInput
from iris_model.scoring.arrow import read_arrow
from iris_model.scoring.columns import as_list
from iris_model.scoring.frames import read_series
from tests.scoring.models import DOCUMENTS, FRAME, NAMES, RECORDS, ROWS, case, named


class Interchanged:
    """A DataFrame that has the interchange protocol and nothing else."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def __dataframe__(self) -> Any:
        return self._frame.__dataframe__()


class Array:
    """An array of a library that is not NumPy."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return ROWS


def polars() -> Any:
    return pytest.importorskip("polars", reason="Polars is not installed (the extra `test` has it)")


def pyarrow() -> Any:
    return pytest.importorskip("pyarrow", reason="pyarrow is not installed (the extra `test` has it)")


SAME: dict[str, Any] = {
    "list": lambda frame: frame.values.tolist(),
    "tuples": lambda frame: tuple(map(tuple, frame.values.tolist())),
    "arrays": lambda frame: list(frame.values),
    "dictionaries": lambda frame: frame.to_dict("records"),
    "columns": lambda frame: frame.to_dict("list"),
    "array columns": lambda frame: {name: frame[name].to_numpy() for name in frame},
    "records": lambda frame: frame.to_records(index=False),
    "array": lambda frame: frame.values,
    "foreign array": lambda frame: Array(),
    "sparse": lambda frame: csr_matrix(frame.values),
    "pandas": lambda frame: frame,
    "nullable": lambda frame: frame.astype("Float64"),
    "objects": lambda frame: frame.astype(object),
    "interchange": lambda frame: Interchanged(frame),
    "polars": lambda frame: polars().DataFrame(frame),
    "pyarrow": lambda frame: pyarrow().Table.from_pandas(frame),
    "record batch": lambda frame: pyarrow().RecordBatch.from_pandas(frame),
    "chunks": lambda frame: pyarrow().concat_tables(
        [pyarrow().Table.from_pandas(part) for part in (frame[:100], frame[100:])]
    ),
}


@pytest.mark.parametrize("container", SAME)
def test_every_container_gets_the_same_answers(container: str) -> None:
    original, model, frame = named()
    given = SAME[container](frame)
    answers, probabilities = model.predict(given), model.predict_proba(given)
    assert list(map(str, answers)) == original.predict(frame).tolist()
    table = (
        np.column_stack([probabilities[name] for name in _names(probabilities)])
        if _names(probabilities)
        else probabilities
    )
    assert np.array_equal(table, model.predict_proba(frame).to_numpy())
    library = type(given).__module__.partition(".")[0]
    expected = library if library in ("pandas", "polars", "pyarrow") else "numpy"
    assert {type(answers).__module__.partition(".")[0], type(probabilities).__module__.partition(".")[0]} == {expected}


def _names(answer: Any) -> list[str]:
    names = getattr(answer, "column_names", getattr(answer, "columns", []))
    return list(names)


def test_a_data_frame_keeps_its_index() -> None:
    _, model, frame = named()
    frame = frame.set_index(pd.Index([f"r{place}" for place in range(len(frame))], name="id"))
    answers, probabilities = model.predict(frame), model.predict_proba(frame)
    assert answers.index.equals(frame.index)
    assert probabilities.index.equals(frame.index)
    assert answers.name == "prediction"
    assert list(probabilities) == ["probability_setosa", "probability_versicolor", "probability_virginica"]


@pytest.mark.parametrize(
    "container", ["pandas", "polars", "pyarrow", "columns", "dictionaries", "records", "interchange"]
)
def test_columns_are_found_by_name(container: str) -> None:
    original, model, frame = named()
    other = frame[NAMES[::-1]].assign(id=range(len(frame)), species="?")[["species", *NAMES[::-1], "id"]]
    assert list(map(str, model.predict(SAME[container](other)))) == original.predict(frame).tolist()
    with pytest.raises(InvalidInput, match="'petal length', 'petal width'"):
        model.predict(SAME[container](other.drop(columns=["petal width", "petal length"])))


def test_a_row_with_names_is_read_by_them() -> None:
    """In the order of the row, the answers would be wrong, and nothing would show it."""
    plain = case("numbers")[0]
    names = ["a", "b", "c", "d"]
    frame = pd.DataFrame(ROWS[:30], columns=names)
    original = clone(plain).fit(frame, plain.predict(ROWS[:30]))
    model = im.compile(original, data=frame)
    expected, other = original.predict(frame).tolist(), frame[names[::-1]]
    row = type("Row", (tuple,), {"__fields__": names[::-1]})
    for rows in (
        [row for _, row in other.iterrows()],
        list(other.to_records(index=False)),
        list(other.itertuples()),
        [row(values) for values in other.values.tolist()],
        list(frame.itertuples(index=False, name=None)),
        [pd.Series(values) for values in frame.values.tolist()],
        list(frame.set_axis(["p", "q", "r", "s"], axis=1).itertuples(index=False)),
    ):
        assert model.predict(rows).tolist() == expected
    with pytest.raises(InvalidInput, match="row 1: the input lacks the column 'a'"):
        model.predict([frame.iloc[0], frame.iloc[1].drop("a")])


def test_no_rows_have_the_type_of_the_answers() -> None:
    """Parts of a table are joined: a part without rows must not have another type."""
    _, model, frame = named()
    rows = pyarrow().Table.from_pandas(frame)
    assert model.predict(rows[:0]).type == model.predict(rows).type == pyarrow().string()
    table = polars().DataFrame(frame)
    assert model.predict(table[:0]).dtype == model.predict(table).dtype == polars().String
    assert polars().concat([model.predict(table[:0]), model.predict(table)]).len() == len(frame)


def test_numbers_of_more_bits_than_the_model_has() -> None:
    _, model, frame = named()
    assert model.predict(frame.to_numpy().astype(np.longdouble)).tolist() == model.predict(frame).tolist()


def test_missing_and_duplicate_columns_are_refused() -> None:
    _, model, frame = named()
    with pytest.raises(InvalidInput, match="the input lacks the column 'petal width'; it has 'sepal length', "):
        model.predict(frame.drop(columns="petal width"))
    twice = pd.concat([frame, frame[["sepal width"]]], axis=1)
    with pytest.raises(InvalidInput, match="has 'sepal width' more than once"):
        model.predict(twice)


def test_a_model_without_names_takes_columns_by_place() -> None:
    original, model, _ = case("numbers")
    assert model.predict(pd.DataFrame(ROWS)).tolist() == original.predict(ROWS).tolist()
    assert model.predict(pd.DataFrame(ROWS, columns=list("abcd"))).tolist() == original.predict(ROWS).tolist()
    with pytest.raises(InvalidInput, match="lacks"):
        model.predict(pd.DataFrame(ROWS[:, :3], columns=list("abc")))


def test_one_named_row() -> None:
    _, model, frame = named()
    row = frame.iloc[0].to_dict()
    assert model.predict(row).tolist() == model.predict(frame[:1]).tolist()
    assert model.predict({**row, "more": "text"}).tolist() == model.predict(frame[:1]).tolist()


def test_texts_in_every_container() -> None:
    original, model, documents = case("documents")
    expected = original.predict(documents).tolist()
    for given in (documents, np.array(documents), np.array(documents, object), pd.Series(documents)):
        assert list(model.predict(given)) == expected
    assert list(model.predict([[text] for text in documents])) == expected
    assert model.predict(polars().Series(documents)).to_list() == expected
    assert model.predict(pyarrow().array(documents)).tolist() == expected


def test_dictionaries_of_features() -> None:
    original, model, _ = case("records")
    rows = [*RECORDS, {"kind": "x"}, {"a": 0.5}, {"unknown": 3.0}]
    assert model.predict(rows).tolist() == original.predict(rows).tolist()
    assert model.predict(pd.DataFrame(RECORDS)).tolist() == original.predict(RECORDS).tolist()


@pytest.mark.parametrize(
    "container", ["pandas", "polars", "pyarrow", "columns", "dictionaries", "interchange", "categories"]
)
def test_texts_and_numbers(container: str) -> None:
    original, model, frame = case("mixed")
    frame = pd.concat([frame, pd.DataFrame({"age": [30.0], "city": ["nowhere"], "score": [3]})], ignore_index=True)
    given = frame.astype({"city": "category"}) if container == "categories" else SAME[container](frame)
    assert np.asarray(model.predict(given)).tolist() == original.predict(frame).tolist()


@pytest.mark.parametrize("container", ["pandas", "nullable", "polars", "pyarrow", "columns", "objects", "interchange"])
def test_missing_numbers(container: str) -> None:
    original, model, rows = case("gaps")
    frame = pd.DataFrame(rows, columns=[column["name"] for column in model.signature["columns"]])
    assert np.isnan(rows).any()
    assert np.allclose(np.asarray(model.predict(SAME[container](frame))), original.predict(rows))


SERIES = {
    "integers": pd.Series([1, 2, 3]),
    "nullable integers": pd.Series([1, None, 3], dtype="Int64"),
    "truths": pd.Series([True, False]),
    "nullable truths": pd.Series([True, None], dtype="boolean"),
    "texts": pd.Series(["a", None, "ü"]),
    "strings": pd.Series(["a", pd.NA], dtype="string"),
    "categories": pd.Series(["a", None, "a"], dtype="category"),
    "numbers as categories": pd.Series([1.5, 2.0, 1.5], dtype="category"),
    "dates": pd.Series([pd.Timestamp("2026-01-02 03:04"), pd.NaT]),
    "zones": pd.Series([pd.Timestamp("2026-01-02", tz="UTC"), pd.NaT]),
}
CELLS: dict[str, list[Any]] = {
    "integers": [1, 2, 3],
    "nullable integers": [1.0, None, 3.0],
    "truths": [1.0, 0.0],
    "nullable truths": [1.0, None],
    "texts": ["a", None, "ü"],
    "strings": ["a", None],
    "categories": ["a", None, "a"],
    "numbers as categories": [1.5, 2.0, 1.5],
    "dates": ["2026-01-02T03:04:00", None],
    "zones": ["2026-01-02T00:00:00+00:00", None],
}


@pytest.mark.parametrize("name", SERIES)
def test_types_of_pandas(name: str) -> None:
    assert [None if cell != cell else cell for cell in as_list(read_series(SERIES[name]))] == CELLS[name]


def arrow_arrays() -> dict[str, tuple[Any, list[Any]]]:
    arrow = pyarrow()
    words = ["a", "", "Zürich", "a text that is longer than twelve bytes", None, "b"]
    numbers = [1, None, 3, -4, 5, 6]
    found = {
        str(kind): (arrow.array(numbers, kind), numbers)
        for kind in (arrow.int8(), arrow.int16(), arrow.int32(), arrow.int64())
    }
    positive = [1, 2, None, 4, 5, 6]
    found |= {
        str(kind): (arrow.array(positive, kind), positive)
        for kind in (arrow.uint8(), arrow.uint16(), arrow.uint32(), arrow.uint64())
    }
    found |= {
        str(kind): (arrow.array(np.array([0.5, -1, 2, 3, 4, 5], kind.to_pandas_dtype())), [0.5, -1, 2, 3, 4, 5])
        for kind in (arrow.float16(), arrow.float32(), arrow.float64())
    }
    found |= {
        str(kind): (arrow.array(words, kind), words)
        for kind in (arrow.string(), arrow.large_string(), arrow.string_view())
    }
    truths = [True, False, None, True, True, False]
    found["bool"] = arrow.array(truths), truths
    found["all there"] = arrow.array([True, False] * 3), [True, False] * 3
    found["null"] = arrow.nulls(6), [None] * 6
    found["dictionary"] = arrow.array(words).dictionary_encode(), words
    found["numbers in a dictionary"] = arrow.array(numbers).dictionary_encode(), numbers
    found["decimal"] = (
        arrow.array([decimal.Decimal("1.50"), None, decimal.Decimal("-2.25")] * 2),
        [1.5, None, -2.25] * 2,
    )
    found["date"] = arrow.array([date(2026, 1, 2), None] * 3), ["2026-01-02", None] * 3
    found["moment"] = (
        arrow.array([datetime(2026, 1, 2, 3, 4), None] * 3, arrow.timestamp("s")),
        ["2026-01-02T03:04:00", None] * 3,
    )
    found["zone"] = (
        arrow.array([datetime(2026, 1, 2), None] * 3, arrow.timestamp("s", "UTC")),
        ["2026-01-02T00:00:00Z", None] * 3,
    )
    return found


@pytest.mark.parametrize("sliced", [False, True], ids=["whole", "sliced"])
def test_types_of_arrow(sliced: bool) -> None:
    arrow = pyarrow()
    arrays = arrow_arrays()
    table = arrow.table({name: array for name, (array, _) in arrays.items()})
    start, stop = (2, 5) if sliced else (0, 6)
    table = table.slice(start, stop - start)
    for data in (table, table.to_batches()[0]):
        names, batches = read_arrow(data)
        assert names == list(arrays)
        for count, cells_at in batches:
            assert count == stop - start
            for place, (name, (_, expected)) in enumerate(arrays.items()):
                found = [None if cell != cell else cell for cell in as_list(cells_at(place))]
                assert found == expected[start:stop], name


def test_a_type_of_arrow_that_is_no_cell() -> None:
    _, model, frame = named()
    table = pyarrow().Table.from_pandas(frame).set_column(0, NAMES[0], pyarrow().array([[1.0]] * len(frame)))
    with pytest.raises(InvalidInput, match="column 'sepal length' has the Arrow format"):
        model.predict(table)


def test_lazy_frames_are_refused() -> None:
    with pytest.raises(InvalidInput, match="call collect"):
        named()[1].predict(polars().DataFrame(ROWS, schema=NAMES).lazy())


def test_data_to_compile_with_comes_in_any_container() -> None:
    original, _, frame = named()
    for container in ("array", "pandas", "columns", "dictionaries", "polars", "pyarrow", "list"):
        assert im.compile(original, data=SAME[container](frame[:30])).report.rows > 30
    assert im.compile(case("documents")[0], data=pd.Series(DOCUMENTS)).report is not None
    assert im.compile(case("mixed")[0], data=FRAME[["score", "city", "age"]].assign(more=1)).report is not None
