"""Untidy CSV: spaces around names and categories that training kept, and strings with every kind of line end."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from iris_model.compiler import compile_model, describe_original
from iris_model.runtime import Model
from tests.support.spread import spread

random = np.random.RandomState(0)
# As `pandas.read_csv` reads the census data, whose lines have a space behind each comma.
ADULTS = pd.DataFrame({"age": random.randint(18, 90, 60), " education": random.choice([" Bachelors", " HS-grad"], 60)})
INCOME = np.where(ADULTS["age"] > 50, " >50K", " <=50K")
ENCODE = make_column_transformer((OneHotEncoder(), [" education"]), remainder="passthrough")
FITTED = make_pipeline(ENCODE, LogisticRegression(max_iter=1000)).fit(ADULTS, INCOME)
POST = {"requestContext": {"http": {"method": "POST"}}, "headers": {"content-type": "text/csv"}}

# Not a lone "\r", which pandas does not put into quotes.
ENDS = ["\n", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]


def serve(tmp_path, fitted, data):
    compilation = compile_model(fitted, data=data)
    (tmp_path / "model.safetensors").write_bytes(compilation.data)
    return Model.load(str(tmp_path / "model")), compilation


def predictions(model, text):
    return [one["prediction"] for one in json.loads(model.answer({**POST, "body": text})["body"])["predictions"]]


@pytest.mark.parametrize("change", [str, lambda text: text.replace("age", " age ").replace(" education", "education")])
def test_spaces_that_training_kept(tmp_path, change):
    text = change(ADULTS.to_csv(index=False))
    (tmp_path / "adults.csv").write_text(text)
    model, compilation = serve(tmp_path, FITTED, tmp_path / "adults.csv")
    assert compilation.golden[0]["row"] == ADULTS.iloc[0].tolist()
    assert predictions(model, text) == FITTED.predict(ADULTS).tolist()
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(FITTED))
    described = describe_original(tmp_path / "model.pkl", data=tmp_path / "adults.csv")
    assert described.golden == compilation.golden


def test_spaces_that_only_the_file_has(tmp_path):
    """Spaces after the commas of a hand-written file: numbers, and names and categories that are known without spaces."""
    frame = ADULTS.rename(columns=str.strip).assign(education=ADULTS[" education"].str.strip())
    encode = make_column_transformer((OneHotEncoder(), ["education"]), remainder="passthrough")
    fitted = make_pipeline(encode, LogisticRegression(max_iter=1000)).fit(frame, INCOME)
    (tmp_path / "typed.csv").write_text("age, education\n 20, HS-grad\n 60 , Bachelors\n")
    _, compilation = serve(tmp_path, fitted, tmp_path / "typed.csv")
    assert [one["row"] for one in compilation.golden] == [[20.0, "HS-grad"], [60.0, "Bachelors"]]


@pytest.mark.parametrize("end", spread(ENDS, 3))
def test_a_line_end_inside_a_text_is_part_of_it(tmp_path, end):
    texts = [f"good{end}film", f"bad{end}play", " good ", "bad"] * 3
    counting = CountVectorizer(analyzer="char", ngram_range=(1, 2), lowercase=False)
    fitted = make_pipeline(counting, LogisticRegression()).fit(texts, ["up", "down"] * 6)
    text = pd.DataFrame({"text": texts}).to_csv(index=False)
    (tmp_path / "texts.csv").write_text(text, newline="", encoding="utf-8")
    model, compilation = serve(tmp_path, fitted, tmp_path / "texts.csv")
    assert [one["row"][0] for one in compilation.golden] == texts
    assert predictions(model, text) == fitted.predict(texts).tolist()
