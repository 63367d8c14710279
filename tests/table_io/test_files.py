"""Every format in and out: the answers of the original, in the order of the rows."""

from __future__ import annotations

import gzip
import importlib.util
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from iris_model.errors import IrisModelError
from iris_model.scoring import Model
from iris_model.table_io import Request, Summary, blocks, find_format, find_inputs, predict_files, run
from iris_model.table_io.encoding import compress
from tests.scoring.models import case, named
from tests.support.spread import spread

FORMATS = ["csv", "tsv", "jsonl", "csv.gz", "jsonl.zst", "parquet"]
PARQUET_REFUSAL = (
    "cannot be read as Parquet" if importlib.util.find_spec("pyarrow") else "Parquet needs the library pyarrow"
)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 5000)
    monkeypatch.setattr(blocks, "BLOCK_ROWS", 90)


def needs(name: str) -> None:
    if "parquet" in name:
        pytest.importorskip("pyarrow", reason="pyarrow is not installed (the extra `test` has it)")
    if name.endswith(".zst"):
        pytest.importorskip("zstandard", reason="zstandard is not installed (the extra `test` has it)")


def write(frame: pd.DataFrame, path: Path) -> Path:
    needs(path.name)
    if "parquet" in path.name:
        frame.to_parquet(path)
    elif "jsonl" in path.name:
        text = "".join(
            json.dumps(record) + "\n" for record in frame.astype(object).where(frame.notna(), None).to_dict("records")
        )
        path.write_bytes(compress(text.encode(), find_format(path.name).compression))
    else:
        frame.to_csv(path, index=False, sep="\t" if "tsv" in path.name else ",")
    return path


def read(path: Path) -> pd.DataFrame:
    if "parquet" in path.name:
        return pd.read_parquet(path)
    if "jsonl" in path.name:
        return pd.read_json(path, orient="records", lines=True, dtype=False)
    return pd.read_csv(path, sep="\t" if "tsv" in path.name else ",")


def predict(model: Model, inputs: list[Any], output: Path, **options: Any) -> Summary:
    needs(output.name)
    options = {"methods": ("predict",), **options}
    form = find_format(str(output))
    return predict_files(Request(model, find_inputs(list(map(str, inputs))), str(output), form, **options))


@pytest.mark.parametrize("output", spread(FORMATS, 3))
@pytest.mark.parametrize("given", FORMATS)
def test_every_format_into_every_other(given: str, output: str, tmp_path: Path) -> None:
    original, model, frame = named()
    with_ids = frame.assign(id=range(len(frame)), note=['a "quoted" note', "two,\tparts", "Zürich", ""] * 100)
    path = write(with_ids, tmp_path / f"rows.{given}")
    summary = predict(
        model, [path], tmp_path / f"out.{output}", methods=("predict", "predict_proba"), keep=("id", "note")
    )
    found = read(tmp_path / f"out.{output}")
    assert summary.rows == len(found) == 400
    assert list(found) == ["id", "note", "prediction", *(f"probability_{each}" for each in original.classes_)]
    assert found["id"].astype(int).tolist() == list(range(400))
    assert found["note"].fillna("").tolist() == with_ids["note"].tolist()
    assert found["prediction"].tolist() == original.predict(frame).tolist()
    expected = model.predict_proba(frame)
    assert abs(found[list(expected)] - expected).max().max() < 1e-15
    assert sorted(each.name for each in tmp_path.iterdir()) == [f"out.{output}", f"rows.{given}"]


@pytest.mark.parametrize("output", spread(["csv", "jsonl", "parquet"], 3))
@pytest.mark.parametrize(
    "name", ["numbers", "truths", "regressor", "targets", "several", "transformer", "gaps", "mixed", "records"]
)
def test_every_kind_of_answer(name: str, output: str, tmp_path: Path) -> None:
    _, model, rows = case(name)
    frame = pd.DataFrame(rows)
    if not isinstance(rows, (pd.DataFrame, list)):
        frame.columns = [column["name"] for column in model.signature["columns"]]
    for given in ("csv", "jsonl", "parquet"):
        path = write(frame, tmp_path / f"rows.{given}")
        predict(model, [path], tmp_path / f"out.{output}", methods=model.methods)
        found = read(tmp_path / f"out.{output}")
        assert len(found) == len(frame)
        for method in model.methods:
            answer = getattr(model, method)(frame)
            columns = (
                list(answer)
                if isinstance(answer, pd.DataFrame)
                else [answer.name]
                if not isinstance(answer, list)
                else []
            )
            for column in columns:
                one = answer[column] if isinstance(answer, pd.DataFrame) else answer
                assert list(map(str, found[column])) == list(map(str, one)) or abs(found[column] - one).max() < 1e-12


def test_processes_change_nothing(tmp_path: Path) -> None:
    _, model, frame = named()
    path = write(pd.concat([frame] * 5), tmp_path / "rows.csv")
    for jobs in (1, 2):
        predict(model, [path, path], tmp_path / f"{jobs}.csv", jobs=jobs)
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    assert len(read(tmp_path / "1.csv")) == 4000


def test_patterns_and_directories(tmp_path: Path) -> None:
    original, model, frame = named()
    (tmp_path / "data").mkdir()
    write(frame[:100], tmp_path / "data" / "a.csv")
    write(frame[100:200][frame.columns[::-1]], tmp_path / "data" / "b.jsonl")
    write(frame[200:], tmp_path / "data" / "c.csv.gz")
    (tmp_path / "data" / "README").write_text("no rows")
    for given in ([tmp_path / "data"], [tmp_path / "data" / "a*", tmp_path / "data" / "[bc].*"]):
        predict(model, given, tmp_path / "out.csv")
        assert read(tmp_path / "out.csv")["prediction"].tolist() == original.predict(frame).tolist()


WRITTEN = {
    "carriage returns": lambda text: text.replace("\n", "\r\n"),
    "byte order mark": lambda text: "\ufeff" + text,
    "no newline at the end": lambda text: text.rstrip("\n"),
    "empty lines": lambda text: text.replace("\n", "\n\n"),
    "quotation marks": lambda text: (
        "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in text.split("\n")[:-1]) + "\n"
    ),
    "spaces": lambda text: text.replace(",", " , "),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_ways_to_write_csv(how: str, tmp_path: Path) -> None:
    original, model, frame = named()
    (tmp_path / "rows.csv").write_bytes(WRITTEN[how](frame.to_csv(index=False)).encode())
    predict(model, [tmp_path / "rows.csv"], tmp_path / "out.csv")
    assert read(tmp_path / "out.csv")["prediction"].tolist() == original.predict(frame).tolist()


def test_a_cell_of_several_lines(tmp_path: Path) -> None:
    original, model, frame = named()
    notes = ['one\ntwo, "three"\r\nfour' * 30] * len(frame)
    frame.assign(note=notes).to_csv(tmp_path / "rows.csv", index=False)
    predict(model, [tmp_path / "rows.csv"], tmp_path / "out.csv", keep=("note",))
    found = pd.read_csv(tmp_path / "out.csv", lineterminator="\n")
    assert found["note"].tolist() == notes
    assert found["prediction"].tolist() == original.predict(frame).tolist()


def test_a_table_without_a_header(tmp_path: Path) -> None:
    original, model, frame = named()
    frame.to_csv(tmp_path / "rows.csv", index=False, header=False)
    predict(model, [tmp_path / "rows.csv"], tmp_path / "out.csv")
    assert read(tmp_path / "out.csv")["prediction"].tolist() == original.predict(frame).tolist()
    with pytest.raises(IrisModelError, match="has no header line, so there is no column 'id' to keep"):
        predict(model, [tmp_path / "rows.csv"], tmp_path / "out.csv", keep=("id",))


@pytest.mark.parametrize("given", ["csv", "jsonl", "parquet"])
def test_files_without_rows(given: str, tmp_path: Path) -> None:
    _, model, frame = named()
    path = write(frame[:0], tmp_path / f"rows.{given}")
    predict(model, [path], tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "prediction\n"


@pytest.mark.parametrize(
    "lines",
    [
        ["[5.1, 3.5, 1.4, 0.2]"] * 3,
        ["[5, 3, 1, 0]", '{"sepal length": 5, "sepal width": 3, "petal length": 1, "petal width": 0, "x": 1}'],
    ],
)
def test_rows_of_json(lines: list[str], tmp_path: Path) -> None:
    _, model, _ = named()
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    predict(model, [tmp_path / "rows.jsonl"], tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text() == '{"prediction": "setosa"}\n' * len(lines)


# --- what is wrong ---

BAD_LINES = {
    "csv": ["5.1,3.5,x,0.2", "5.1,3.5", "5.1,3.5,,0.2", "5.1,3.5,inf,0.2", "1,2,3,4,5"],
    "jsonl": ["[5.1, 3.5, null, 0.2]", "[1]", "{", "7", '{"sepal length": 1}', "[NaN, 1, 2, 3]"],
}


def with_bad_lines(path: Path, frame: pd.DataFrame) -> list[int]:
    """The rows with a bad line after each 20; returns the lines of these."""
    kind = path.name.split(".")[1]
    lines = frame.to_csv(index=False).split("\n")[:-1]
    if kind == "jsonl":
        lines = [json.dumps(list(map(float, line.split(",")))) for line in lines[1:]]
    found, numbers = lines[:1], []
    for place, line in enumerate(lines[1:]):
        if place % 20 == 19:
            found.append(BAD_LINES[kind][len(numbers) % len(BAD_LINES[kind])])
            numbers.append(len(found))
        found.append(line)
    path.write_text("\n".join(found) + "\n")
    return numbers


@pytest.mark.parametrize("kind", BAD_LINES)
@pytest.mark.parametrize("jobs", [1, 2])
def test_the_first_bad_row_is_named_and_nothing_is_written(kind: str, jobs: int, tmp_path: Path) -> None:
    _, model, frame = named()
    number = with_bad_lines(tmp_path / f"rows.{kind}", frame)[0]
    with pytest.raises(
        IrisModelError, match=rf"rows\.{kind}, line {number}: feature 'petal length': the value is"
    ) as caught:
        predict(model, [tmp_path / f"rows.{kind}"], tmp_path / "out.csv", jobs=jobs)
    assert "--errors null" in caught.value.remedy
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("kind", BAD_LINES)
def test_bad_rows_have_empty_answers(kind: str, tmp_path: Path) -> None:
    original, model, frame = named()
    numbers = with_bad_lines(tmp_path / f"rows.{kind}", frame)
    for output in ("csv", "jsonl", "parquet"):
        summary = predict(
            model,
            [tmp_path / f"rows.{kind}"],
            tmp_path / f"out.{output}",
            errors="null",
            methods=("predict", "predict_proba"),
        )
        found = read(tmp_path / f"out.{output}")
        assert summary.refused == len(numbers)
        assert len(found) == len(frame) + len(numbers)
        first = 2 if kind == "csv" else 1
        assert [place + first for place in found.index[found["prediction"].isna()]] == numbers
        assert found["prediction"].dropna().tolist() == original.predict(frame).tolist()


@pytest.mark.parametrize("kind", BAD_LINES)
def test_bad_rows_go_to_a_file(kind: str, tmp_path: Path) -> None:
    original, model, frame = named()
    path = tmp_path / f"rows.{kind}"
    numbers = with_bad_lines(path, frame)
    summary = predict(model, [path], tmp_path / "out.csv", errors="file")
    assert read(tmp_path / "out.csv")["prediction"].tolist() == original.predict(frame).tolist()
    wrong = [json.loads(line) for line in (tmp_path / "out.csv.errors.jsonl").read_text().splitlines()]
    assert summary.errors_file == str(tmp_path / "out.csv.errors.jsonl")
    assert [each["line"] for each in wrong] == numbers
    assert all(each["error"] and each["file"] == str(path) for each in wrong)
    lines = path.read_text().splitlines()
    assert [each["record"] for each in wrong] == [lines[number - 1] for number in numbers]


def test_faults_of_input_files_are_reported(tmp_path: Path) -> None:
    _, model, frame = named()
    out = tmp_path / "out.csv"
    for name, content, message in (
        (
            "a.csv",
            frame.drop(columns="petal width").to_csv(index=False).encode(),
            "lacks the column 'petal width'; it has 'sepal",
        ),
        ("b.csv", frame.to_csv(index=False).encode("utf-16"), "not a header of csv in UTF-8"),
        ("c.csv", frame.to_csv(index=False).encode() + b"1,2,3,\xff\n", r"c\.csv, line 402 is not UTF-8: byte 0xff"),
        ("d.csv.gz", gzip.compress(frame.to_csv().encode())[:-200], "not valid gzip"),
        ("e.csv.gz", b"text", "not valid gzip"),
        ("f.parquet", b"text", PARQUET_REFUSAL),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(IrisModelError, match=message):
            predict(model, [tmp_path / name], out)
        assert not out.exists()
    for given, message in (
        ("none.csv", "does not exist"),
        ("no*.csv", "does not exist"),
        ("a.txt", "has no known suffix"),
    ):
        (tmp_path / "a.txt").write_text("")
        with pytest.raises(IrisModelError, match=message):
            predict(model, [tmp_path / given], out)
    with pytest.raises(IrisModelError, match="has no column 'id' to keep; it has sepal length"):
        predict(model, [write(frame, tmp_path / "g.csv")], out, keep=("id",))
    with pytest.raises(IrisModelError, match="cannot be written"):
        predict(model, [tmp_path / "g.csv"], tmp_path / "nowhere" / "out.csv")


# --- going on ---


class Stopped(BaseException):
    """As Ctrl-C."""


def stop_after(rows: int) -> Any:
    def on_progress(progress: Any) -> None:
        if progress.rows >= rows:
            raise Stopped

    return on_progress


@pytest.mark.parametrize("output", ["csv", "jsonl.gz", "parquet"])
@pytest.mark.parametrize("given", ["csv", "jsonl.gz", "parquet"])
def test_a_run_continues_where_it_stopped(
    given: str, output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run.Journal, "is_due", True)
    monkeypatch.setattr("iris_model.table_io.sinks.PART_ROWS", 100)
    needs(given + output)
    _, model, frame = named()
    paths = [write(frame.assign(id=range(400)), tmp_path / f"{name}.{given}") for name in "ab"]
    predict(model, paths, tmp_path / f"whole.{output}", keep=("id",), errors="file")
    target = tmp_path / f"out.{output}"
    request = Request(
        model, find_inputs(list(map(str, paths))), str(target), find_format(str(target)), ("predict",), ("id",), "file"
    )
    resumed = []
    for rows in (200, 500):
        with pytest.raises(Stopped):
            predict_files(request, stop_after(rows))
        assert not target.exists()
    summary = predict_files(request, lambda progress: resumed.append(progress.resumed_rows))
    assert 0 < summary.resumed_rows < 800
    assert summary.rows == 800
    assert read(target).equals(read(tmp_path / f"whole.{output}"))
    left = {each.name for each in tmp_path.iterdir()} - {each.name for each in paths}
    assert left == {f"{name}.{output}{more}" for name in ("whole", "out") for more in ("", ".errors.jsonl")}


@pytest.mark.parametrize("change", ["input", "model", "options", "partial", "restart"])
def test_other_work_starts_from_the_first_row(change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run.Journal, "is_due", True)
    _, model, frame = named()
    path = write(frame, tmp_path / "rows.csv")
    target = tmp_path / "out.csv"

    def request(**changes: Any) -> Request:
        options = {"model": model, "methods": ("predict",), **changes}
        return Request(
            inputs=find_inputs([str(path)]), output=str(target), output_format=find_format("a.csv"), **options
        )

    with pytest.raises(Stopped):
        predict_files(request(), stop_after(200))
    changes: dict[str, Any] = {}
    if change == "input":
        write(frame[::-1], path)
    elif change == "model":
        changes["model"] = case("texts")[1]
    elif change == "options":
        changes["methods"] = ("predict_proba",)
    elif change == "partial":
        (tmp_path / "out.csv.partial").write_text("")
    else:
        changes["restart"] = True
    summary = predict_files(request(**changes))
    assert summary.resumed_rows == 0
    assert len(read(target)) == 400
