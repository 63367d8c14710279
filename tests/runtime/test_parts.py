"""Parts of a batch: however an object is divided, each row is answered once, in order, by the part in which its line begins."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import StandardScaler

import iris_model as im
from iris_model.contract.event_source import describe_events
from iris_model.runtime import InvalidInput, Model
from iris_model.runtime.event_sources import parts
from iris_model.runtime.event_sources.aws_calls import CallError
from tests.support.spread import spread
from tests.support.tiny_model import NAMES

ROWS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.1, 5.6, 2.4], [5.9, 3.0, 4.2, 1.5]]


class Bucket:
    """Objects, read by ranges as S3 does, and what was written."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.written: dict[str, str] = {}
        self.etag = '"1"'

    def call(self, method: str, bucket: str, key: str, body: bytes = b"", headers: Any = None, query: str = "") -> Any:
        if method == "PUT":
            self.written[key] = body.decode()
            return {}, b""
        if headers["if-match"] != self.etag:
            raise CallError("changed", 412)
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", headers["range"])
        assert found
        if int(found[1]) >= len(self.objects[key]):
            raise CallError("no such range", 416)
        return {}, self.objects[key][int(found[1]) : int(found[2]) + 1]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    found = Bucket()
    for name, value in describe_events((), has_batch=True).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(parts, "call_rest", found.call)
    monkeypatch.setattr(parts, "put_object", lambda place, key, body, kind="": found.call("PUT", place, key, body))
    return found


def answer_all(model: Model, bucket: Bucket, key: str, size: int, **more: Any) -> list[dict[str, Any]]:
    length = len(bucket.objects[key])
    return [
        model.answer(
            {
                "iris-model-part": {
                    "bucket": "in", "key": key, "etag": '"1"', "start": start, "end": min(start + size, length),
                    "csv": key.endswith(".csv"), "output_bucket": "out", "output": f"{number}.csv", **more,
                }
            }
        )
        for number, start in enumerate(range(0, length, size))
    ]  # fmt: skip


def rows_written(bucket: Bucket) -> list[str]:
    names = sorted((name for name in bucket.written if name.endswith(".csv")), key=lambda name: int(name[:-4]))
    return [line for name in names for line in bucket.written[name].splitlines()[1:]]


@pytest.mark.parametrize("margin", spread([1, 7, 65_536], 3))
@pytest.mark.parametrize("has_header", [True, False])
def test_each_row_is_answered_once_in_order(
    model: Model, bucket: Bucket, monkeypatch: Any, has_header: bool, margin: int
) -> None:
    monkeypatch.setattr(parts, "MARGIN", margin)
    header = ",".join(NAMES)

    @settings(max_examples=60, deadline=None)
    @given(
        some.lists(some.sampled_from(range(len(ROWS))), min_size=1, max_size=12),
        some.sampled_from(["\n", "\r\n", "\n\n"]),
        some.booleans(),
        some.integers(1, 90),
    )
    def check(picked: list[int], end: str, has_end: bool, size: int) -> None:
        lines = [header] * has_header + [",".join(map(str, ROWS[index])) for index in picked]
        bucket.objects["rows.csv"] = (end.join(lines) + end * has_end).encode()
        bucket.written.clear()
        summaries = answer_all(model, bucket, "rows.csv", size)
        labels = [line.partition(",")[0] for line in rows_written(bucket)]
        assert labels == model.predict([ROWS[index] for index in picked])
        assert sum(each["rows"] for each in summaries) == len(picked)

    check()


def test_a_refused_row_has_an_empty_line_and_its_reason(model: Model, bucket: Bucket) -> None:
    lines = [",".join(map(str, ROWS[0]))] * 6000
    lines[5500] = "5.1,poison,1.4,0.2"
    bucket.objects["rows.csv"] = "\n".join(lines).encode()
    (summary,) = answer_all(model, bucket, "rows.csv", 1_000_000)
    assert (summary["rows"], summary["refused"]) == (6000, 1)
    answers = bucket.written["0.csv"].splitlines()
    assert len(answers) == 6001 and answers[0].startswith("prediction,probability_")
    assert [number for number, line in enumerate(answers[1:]) if not line.strip(",")] == [5500]
    (refused,) = map(json.loads, bucket.written["0.csv.refused.jsonl"].splitlines())
    assert refused["record"] == lines[5500] and refused["id"] == "rows.csv:0:5500"


def test_json_lines_have_the_same_answers(model: Model, bucket: Bucket) -> None:
    bucket.objects["rows.csv"] = "\n".join(",".join(map(str, row)) for row in ROWS).encode()
    answer_all(model, bucket, "rows.csv", 1000)
    of_csv = dict(bucket.written)
    bucket.objects["rows.jsonl"] = "\n".join(json.dumps(dict(zip(NAMES, row, strict=True))) for row in ROWS).encode()
    answer_all(model, bucket, "rows.jsonl", 1000)
    assert bucket.written == of_csv


def _several_numbers() -> Any:
    return LinearRegression().fit(ROWS, [[1, 2], [3, 5], [4, 4]])


def _several_labels() -> Any:
    return RandomForestClassifier(2, random_state=0).fit(ROWS, [["a", "x"], ["b", "x"], ["c", "y"]])


def _transformed() -> Any:
    return StandardScaler().fit(ROWS)


@pytest.mark.parametrize("make", [_several_numbers, _several_labels, _transformed])
def test_several_outputs_of_json_lines_are_columns_as_of_csv(
    make: Any, bucket: Bucket, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(tmp_path))
    compiled = im.compile(make(), data=ROWS)
    compiled.save(tmp_path / "several.safetensors")
    several = Model.load("several")
    bucket.objects["rows.csv"] = "\n".join(",".join(map(str, row)) for row in ROWS).encode()
    bucket.objects["rows.jsonl"] = "\n".join(map(json.dumps, ROWS)).encode()
    written = []
    for key in ("rows.csv", "rows.jsonl"):
        answer_all(several, bucket, key, 1000)
        written.append(dict(bucket.written))
    assert written[0] == written[1]
    head, *lines = written[0]["0.csv"].splitlines()
    assert head.startswith("prediction_0,prediction_1") and len(lines) == len(ROWS)
    (found,) = [getattr(compiled, name)(ROWS) for name in compiled.methods[:1]]
    assert [line.split(",") for line in lines] == [list(map(str, row)) for row in found.tolist()]


@pytest.mark.parametrize("head", ["\n\r\n", "\ufeff", "\ufeff\n"])
def test_empty_lines_and_a_mark_before_the_header(model: Model, bucket: Bucket, head: str) -> None:
    lines = [",".join(NAMES), *(",".join(map(str, row)) for row in ROWS)]
    bucket.objects["rows.csv"] = f"{head}{chr(10).join(lines)}".encode()
    answer_all(model, bucket, "rows.csv", 50)
    assert [line.partition(",")[0] for line in rows_written(bucket)] == model.predict(ROWS)


def test_a_trial_stores_nothing(model: Model, bucket: Bucket) -> None:
    bucket.objects["rows.csv"] = b"5.1,3.5,1.4,0.2\n"
    (summary,) = answer_all(model, bucket, "rows.csv", 1000, is_trial=True)
    assert summary["rows"] == 1 and summary["seconds"] > 0 and not bucket.written


def test_a_changed_object_is_refused(model: Model, bucket: Bucket) -> None:
    bucket.objects["rows.csv"] = b"5.1,3.5,1.4,0.2\n"
    bucket.etag = '"2"'
    with pytest.raises(InvalidInput, match=r"rows.csv has changed since the batch was started"):
        answer_all(model, bucket, "rows.csv", 1000)


def test_lines_that_are_rows_only_together_do_not_shift_the_answers(model: Model, bucket: Bucket) -> None:
    """One line with two rows and one row on two lines are as many rows as lines."""
    row = json.dumps(ROWS[0])
    bucket.objects["rows.jsonl"] = f"{row},{row}\n[5.1,3.5\n1.4,0.2]\n{json.dumps(ROWS[1])}\n".encode()
    answer_all(model, bucket, "rows.jsonl", 1000)
    answers = [line.partition(",")[0] for line in rows_written(bucket)]
    assert answers == ["", "", "", model.predict([ROWS[1]])[0]]


def test_a_refused_row_of_a_regressor_is_no_blank_line(bucket: Bucket, monkeypatch: Any) -> None:
    """Readers of CSV, such as pandas, skip blank lines: all rows behind it would move up."""
    monkeypatch.setattr(parts, "_answer", lambda model, block, lines: _answer_of_one_column(lines))
    _, rows, problems = parts._answer_block(None, parts.Block(parts.CSV, "", 0, ["1\n", "x\n", "2\n"]))  # type: ignore[arg-type]
    assert rows == ["1", '""', "2"] and len(problems) == 1


def _answer_of_one_column(lines: list[str]) -> tuple[str, list[str]]:
    if "x\n" in lines:
        raise InvalidInput("refused")
    return "prediction", [line.strip() for line in lines]


def test_labels_with_other_line_ends(model: Model, bucket: Bucket, monkeypatch: Any) -> None:
    """Python's splitlines would divide the line of such a label."""
    text = "prediction\r\na\u2028b\r\nc\x1cd\r\n"
    reply = type("Reply", (), {"text": text})()
    monkeypatch.setattr(type(model), "_reply", lambda *_: reply)
    found = parts._answer(model, parts.Block(parts.CSV, "", 0, []), ["1\n", "2\n"])
    assert found == ("prediction", ["a\u2028b", "c\x1cd"])


def test_a_long_header_names_the_columns_too(model: Model, bucket: Bucket, monkeypatch: Any) -> None:
    """Without it, the columns would be taken by their place."""
    monkeypatch.setattr(parts, "LONGEST_HEADER", 8)
    turned = [list(reversed(row)) for row in ROWS]
    lines = [",".join(reversed(NAMES)), *(",".join(map(str, row)) for row in turned)]
    bucket.objects["rows.csv"] = "\n".join(lines).encode()
    answer_all(model, bucket, "rows.csv", 40)
    assert [line.partition(",")[0] for line in rows_written(bucket)] == model.predict(ROWS)


def test_a_line_without_an_end_is_refused(model: Model, bucket: Bucket, monkeypatch: Any) -> None:
    """An object in one line would be read to its end, by every part."""
    monkeypatch.setattr(parts, "LONGEST_LINE", 100_000)
    bucket.objects["rows.jsonl"] = b"[" + b" " * 400_000
    with pytest.raises(InvalidInput, match="a line has more than 100000 bytes"):
        answer_all(model, bucket, "rows.jsonl", 1000)


def test_bytes_that_are_not_utf8_are_a_refused_row(model: Model, bucket: Bucket) -> None:
    bucket.objects["rows.csv"] = b"5.1,3.5,1.4,0.2\n\xff\xfe,1,2,3\n"
    (summary,) = answer_all(model, bucket, "rows.csv", 1000)
    assert (summary["rows"], summary["refused"]) == (2, 1)


def test_a_part_of_refused_rows_ends_with_their_reason(model: Model, bucket: Bucket, monkeypatch: Any) -> None:
    """The reasons of a wrong file need fifty times its memory: Lambda would kill the function without a message."""
    monkeypatch.setattr(parts, "_most_refused", lambda: 10_000)
    bucket.objects["rows.csv"] = b"5.1\n" * 1000
    with pytest.raises(InvalidInput, match=r"rows.csv: .* of 1000 rows and more are refused; the first: row 0"):
        answer_all(model, bucket, "rows.csv", 100_000)
