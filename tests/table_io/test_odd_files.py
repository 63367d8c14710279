"""Files as users have them: cut off, without rows, with odd line ends. Nothing is lost without a message."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from iris_model.errors import IrisModelError
from iris_model.table_io import blocks
from iris_model.table_io.encoding import compress
from tests.scoring.models import FRAME, case, named
from tests.table_io.test_files import needs, predict, read

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 5000)


def place(tmp_path: Path, text: str | bytes, name: str = "rows.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_line_ends_of_unicode_in_a_cell(tmp_path: Path) -> None:
    """Python divides strings at U+2028, U+0085 and form feed; lines of CSV end at line feeds only."""
    original, model, frame = case("mixed")
    frame = frame.assign(note="a\u2028b\x85c\x0cd")
    summary = predict(model, [place(tmp_path, frame.to_csv(index=False))], tmp_path / "out.csv", keep=("note",))
    assert summary.rows == len(frame)
    lines = (tmp_path / "out.csv").read_text().split("\n")
    expected = [str(each).lower() for each in original.predict(FRAME)]
    assert [line.rpartition(",")[2].lower() for line in lines[1:-1]] == expected


def test_a_cell_of_many_characters(tmp_path: Path) -> None:
    """The module csv refuses cells of more than 131,072 characters by default."""
    original, model, documents = case("documents")
    (column,) = (each["name"] for each in model.signature["columns"])
    texts = [documents[0] + " fox" * 50_000, *documents[1:3]]
    path = place(tmp_path, pd.DataFrame({column: texts}).to_csv(index=False))
    predict(model, [path], tmp_path / "out.csv")
    assert read(tmp_path / "out.csv")["prediction"].tolist() == original.predict(texts).tolist()


def test_a_quotation_mark_without_an_end(tmp_path: Path) -> None:
    """The rows behind it would be one cell."""
    _, model, frame = named()
    text = frame[:5].assign(note="x").to_csv(index=False)
    path = place(tmp_path, f'{text}1,2,3,4,"abc\n1,2,3,4,x\n')
    with pytest.raises(IrisModelError, match=r"rows.csv, line 7 is not valid CSV: unexpected end of data"):
        predict(model, [path], tmp_path / "out.csv")


def test_a_stray_quotation_mark_in_a_long_file(tmp_path: Path) -> None:
    """The end of its record is searched in each block, in linear time."""
    _, model, frame = named()
    rows = frame[:1].assign(note="x").to_csv(index=False).replace(",x", ',12" pipe') + "1,2,3,4,pipe\n" * 20_000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_BYTES", 1 << 20)
        assert predict(model, [place(tmp_path, rows)], tmp_path / "out.csv").rows == 20_001


@pytest.mark.parametrize("head", ["\n\n", "\ufeff\r\n", "\n" * 6000])
def test_empty_lines_before_the_header(tmp_path: Path, head: str) -> None:
    original, model, frame = named()
    predict(model, [place(tmp_path, head + frame.to_csv(index=False))], tmp_path / "out.csv")
    assert read(tmp_path / "out.csv")["prediction"].tolist() == original.predict(frame).tolist()


def test_a_key_that_occurs_twice_is_refused_as_by_the_endpoint(tmp_path: Path) -> None:
    _, model, frame = named()
    record = json.dumps(frame.iloc[0].to_dict())
    path = place(tmp_path, record + "\n" + record.replace("{", '{"petal width": 1, ') + "\n", "rows.jsonl")
    with pytest.raises(IrisModelError, match="line 2: the key 'petal width' occurs twice in one object"):
        predict(model, [path], tmp_path / "out.csv")


def test_lines_that_are_rows_only_when_they_are_joined(tmp_path: Path) -> None:
    _, model, _ = named()
    with pytest.raises(IrisModelError, match="line 1: it is not JSON"):
        predict(model, [place(tmp_path, "[1,2,3\n4],[5,6,7,8]\n", "rows.jsonl")], tmp_path / "out.csv")


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
@pytest.mark.parametrize("damage", ["cut off", "another format", "second frame cut off"])
def test_a_damaged_file_is_no_shorter_file(tmp_path: Path, compression: str, damage: str) -> None:
    suffix = {"gzip": "gz", "zstd": "zst"}[compression]
    needs(f"rows.{suffix}")
    _, model, frame = named()
    text = frame.to_csv(index=False).encode()
    data = {
        "cut off": compress(text, compression)[:-30],
        "another format": text,
        "second frame cut off": compress(text[:900], compression) + compress(text[900:], compression)[:-30],
    }[damage]
    with pytest.raises(IrisModelError, match=f"is not valid {compression}: "):
        predict(model, [place(tmp_path, data, f"rows.csv.{suffix}")], tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_several_frames_and_none(tmp_path: Path, compression: str) -> None:
    suffix = {"gzip": "gz", "zstd": "zst"}[compression]
    needs(f"rows.{suffix}")
    original, model, frame = named()
    text = frame.to_csv(index=False).encode()
    data = b"".join(compress(text[at : at + 777], compression) for at in range(0, len(text), 777))
    predict(model, [place(tmp_path, data, f"rows.csv.{suffix}")], tmp_path / "out.csv")
    assert read(tmp_path / "out.csv")["prediction"].tolist() == original.predict(frame).tolist()
    assert predict(model, [place(tmp_path, b"", f"none.csv.{suffix}")], tmp_path / "none.csv").rows == 0


@pytest.mark.parametrize("text", ["", ",".join(["sepal length", "sepal width", "petal length", "petal width"])])
def test_no_rows_into_parquet_have_columns(tmp_path: Path, text: str) -> None:
    needs("out.parquet")
    import pyarrow.parquet as parquet

    _, model, _ = named()
    predict(model, [place(tmp_path, text)], tmp_path / "out.parquet", methods=("predict", "predict_proba"))
    schema = parquet.read_schema(tmp_path / "out.parquet")
    assert [str(each) for each in schema.types] == ["string", "double", "double", "double"]
    assert schema.names[:2] == ["prediction", "probability_setosa"]


def test_blocks_of_refused_rows_in_parquet(tmp_path: Path) -> None:
    """A block without an answer has another type than the others."""
    needs("out.parquet")
    original, model, frame = named()
    head, _, body = frame.to_csv(index=False).partition("\n")
    text = f"{head}\n" + "x,1,2,3\n" * 2000 + body + "x,1,2,3\n" * 2000
    predict(model, [place(tmp_path, text)], tmp_path / "out.parquet", errors="null")
    found = read(tmp_path / "out.parquet")["prediction"]
    assert found[found.notna()].tolist() == original.predict(frame).tolist() and len(found) == 4000 + len(frame)


def test_kept_values_of_several_types(tmp_path: Path) -> None:
    """Parquet has one type for a column; JSON Lines has one for each value."""
    needs("out.parquet")
    _, model, frame = named()
    for values in ([1, "a"] * 200, [*range(200), *["a"] * 200]):
        records = [{**row, "k": value} for row, value in zip(frame.to_dict("records"), values, strict=True)]
        path = place(tmp_path, "".join(json.dumps(each) + "\n" for each in records), "rows.jsonl")
        with pytest.raises(IrisModelError, match="has values of different types"):
            predict(model, [path], tmp_path / "out.parquet", keep=("k",))
        predict(model, [path], tmp_path / "out.jsonl", keep=("k",))
        lines = (tmp_path / "out.jsonl").read_text().splitlines()
        assert [json.loads(line)["k"] for line in lines] == values
    numbers = [None] * 100 + list(range(100)) + [0.5] * 200
    records = [{**row, "k": value} for row, value in zip(frame.to_dict("records"), numbers, strict=True)]
    path = place(tmp_path, "".join(json.dumps(each) + "\n" for each in records), "rows.jsonl")
    predict(model, [path], tmp_path / "out.parquet", keep=("k",))
    assert read(tmp_path / "out.parquet")["k"].fillna(-1).tolist() == [-1 if each is None else each for each in numbers]


def test_a_kept_column_with_the_name_of_an_answer(tmp_path: Path) -> None:
    _, model, frame = named()
    path = place(tmp_path, frame.assign(prediction=1, k=2).to_csv(index=False))
    with pytest.raises(
        IrisModelError, match="--keep names the column 'prediction', but a column of the answers has the same name"
    ):
        predict(model, [path], tmp_path / "out.csv", keep=("prediction",))
    predict(model, [path], tmp_path / "out.csv", keep=("k", "k"))
    assert list(read(tmp_path / "out.csv")) == ["k", "prediction"]
