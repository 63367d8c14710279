"""Typical CSV files, each compared with the table from which pandas wrote it."""

import pandas as pd
import pytest

from iris_model.compiler.csv_text import decode, split
from iris_model.compiler.data import adopt_header, arrange, read_data
from iris_model.errors import IrisModelError

FRAME = pd.DataFrame({"land": ["Österreich", "Köln"], "size": [1234.5, -0.25], "n": [7, 12]})
RIGHT = [("land", "size", "n"), ("Österreich", "1234.5", "7"), ("Köln", "-0.25", "12")]
NUMERIC = {"kind": "numeric", "dtype": "float64", "missing": True}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
@pytest.mark.parametrize(
    "options", [{}, {"sep": ";", "decimal": ","}, {"sep": "\t", "decimal": ","}, {"sep": "|"}], ids=lambda one: str(one)
)
def test_encodings_and_delimiters(encoding, options):
    written = FRAME.to_csv(index=False, **options).encode(encoding)
    assert split(decode(written)) == RIGHT


@pytest.mark.parametrize(
    ("cells", "right"),
    [
        (["1,234.5", "2.25", "1,000,000.0"], ["1234.5", "2.25", "1000000.0"]),
        (["1,234", "2,345.5"], ["1234", "2345.5"]),
        (["0,5", "1.234,75"], ["0.5", "1234.75"]),
        (["1,234", "5"], ["1,234", "5"]),  # may be either
        (["1,5", "a"], ["1,5", "a"]),
        (["one, two", "three"], ["one, two", "three"]),
    ],
)
def test_numbers_with_separators(cells, right):
    text = "x,y\n" + "\n".join(f'"{cell}",1' for cell in cells)
    assert [line[0] for line in split(text)[1:]] == right


def test_documents_with_separators_are_one_column():
    assert split('note\n"a; b, c"\n"d"\n') == [("note",), ("a; b, c",), ("d",)]


def test_the_index_of_a_frame_is_no_column(tmp_path):
    path = tmp_path / "rows.csv"
    FRAME[["size", "n"]].to_csv(path)
    signature = {"columns": [{"name": "x0", **NUMERIC}, {"name": "x1", **NUMERIC}], "named": False}
    assert arrange(read_data(path), signature) == [[1234.5, 7.0], [-0.25, 12.0]]


def test_a_header_of_numbers_is_one_where_it_names_the_columns(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("20,10\n1,2\n")
    data = read_data(path)
    assert len(data.rows) == 2
    assert adopt_header(data, ["x0", "x1"]) is data
    named = adopt_header(data, ["10", "20"])
    columns = [{"name": "10", **NUMERIC}, {"name": "20", **NUMERIC}]
    assert arrange(named, {"columns": columns, "named": True}) == [[2.0, 1.0]]


def test_ambiguous_numbers_are_refused(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('a\n"1,234"\n')
    with pytest.raises(IrisModelError, match="line 2, column 'a' is '1,234'; expected a finite number"):
        arrange(read_data(path), {"columns": [{"name": "a", **NUMERIC}], "named": True})


@pytest.mark.parametrize("rows, said", [([0, 1], "data, row 0 is 0"), ([[1.0], "two"], "data, row 1 is 'two'")])
def test_a_target_is_not_rows(rows, said):
    with pytest.raises(IrisModelError, match=f"{said}; expected a list of cells"):
        read_data(rows)
