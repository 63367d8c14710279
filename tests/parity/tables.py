"""Models of mixed tables and of documents, and the data they are trained on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    StandardScaler,
    TargetEncoder,
)

from iris_model.compiler.probes.cells import STRANGE_TEXTS
from tests.parity.zoo import SEED

SAMPLES = 60
_random = np.random.RandomState(SEED)
_WORDS = "the cat sat on the mat dog Dog café naïve running fast over lazy_dog x2 and 42 don't stop".split()

DOCUMENTS = [" ".join(_random.choice(_WORDS, _random.randint(1, 9))) for _ in range(SAMPLES)]
STRANGE = list(STRANGE_TEXTS)
FRAME = pd.DataFrame(
    {
        "city": _random.choice(["Rome", "Oslo", "Bonn", "Lima"], SAMPLES, p=[0.5, 0.3, 0.12, 0.08]),
        # NaN: pandas before 3 keeps None, and then a model may treat the two differently.
        "grade": [
            np.nan if missing else str(grade)
            for missing, grade in zip(_random.uniform(size=SAMPLES) < 0.2, _random.choice(["a", "b", "c"], SAMPLES))
        ],
        "size": _random.choice([1, 2, 3], SAMPLES),
        "age": np.where(_random.uniform(size=SAMPLES) < 0.1, np.nan, _random.normal(40, 9, SAMPLES)),
        "member": _random.uniform(size=SAMPLES) > 0.5,
        "note": DOCUMENTS,
        "junk": "x",
    }
)
# None stays None in an array; pandas makes NaN of it in a column of texts.
GRADES = np.where(_random.uniform(size=(SAMPLES, 1)) < 0.2, None, _random.choice(["a", "b", "c"], (SAMPLES, 2)))
LABELS = _random.choice(["u", "v", "w"], SAMPLES)
YES_OR_NO = _random.randint(0, 2, SAMPLES)
NUMBERS = _random.normal(size=SAMPLES)
POSITIVE = np.exp(_random.normal(size=(SAMPLES, 3)))

AGE = ("age", Pipeline([("fill", SimpleImputer(add_indicator=True)), ("scale", StandardScaler())]), ["age"])
CATEGORIES = ["city", "grade", "size", "member"]
ENCODERS = {
    "one hot, error": OneHotEncoder(),
    "one hot, ignore": OneHotEncoder(handle_unknown="ignore"),
    "one hot, first dropped": OneHotEncoder(drop="first", handle_unknown="ignore", sparse_output=False),
    "one hot, one of two dropped": OneHotEncoder(drop="if_binary"),
    "one hot, infrequent": OneHotEncoder(min_frequency=9, handle_unknown="infrequent_if_exist"),
    "one hot, infrequent and dropped": OneHotEncoder(
        max_categories=2, handle_unknown="infrequent_if_exist", drop="first"
    ),
    "one hot, warn": OneHotEncoder(handle_unknown="warn", max_categories=3),
    "ordinal, error": OrdinalEncoder(),
    "ordinal, -1": OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2, max_categories=3
    ),
    "ordinal, nan": OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan),
    "target": TargetEncoder(random_state=SEED),
}
VECTORIZERS = {
    "count": CountVectorizer(),
    "count binary, stop words, pairs": CountVectorizer(binary=True, stop_words="english", ngram_range=(1, 2)),
    "count characters": CountVectorizer(analyzer="char", ngram_range=(1, 3)),
    "count within words, ascii": CountVectorizer(analyzer="char_wb", ngram_range=(2, 9), strip_accents="ascii"),
    "count by a pattern": CountVectorizer(token_pattern=r"(?u)\b(\w)\w*\b", lowercase=False),
    "tfidf": TfidfVectorizer(),
    "tfidf sublinear l1": TfidfVectorizer(sublinear_tf=True, norm="l1", strip_accents="unicode", ngram_range=(2, 3)),
    "tfidf plain": TfidfVectorizer(norm=None, use_idf=False),
    "tfidf of five": TfidfVectorizer(smooth_idf=False, max_features=5),
    "hashing": HashingVectorizer(n_features=64),
    "hashing upwards": HashingVectorizer(
        n_features=50, alternate_sign=False, norm="l1", analyzer="char_wb", ngram_range=(1, 4)
    ),
    "hashing binary": HashingVectorizer(n_features=16, binary=True, norm=None),
    "hashing wide": make_pipeline(HashingVectorizer(n_features=2**17), LogisticRegression(max_iter=5)),
    "counts weighed": make_pipeline(
        CountVectorizer(), TfidfTransformer(), RandomForestClassifier(5, random_state=SEED)
    ),
    "two vectorizers": make_pipeline(
        FeatureUnion([("words", TfidfVectorizer()), ("letters", CountVectorizer(analyzer="char"))]),
        SelectKBest(chi2, k=9),
        MaxAbsScaler(),
        LogisticRegression(),
    ),
    "topics": make_pipeline(TfidfVectorizer(), TruncatedSVD(4, random_state=SEED), LogisticRegression()),
}
MIXED = ColumnTransformer(
    [
        AGE,
        ("words", TfidfVectorizer(), "note"),
        ("categories", OneHotEncoder(handle_unknown="ignore"), ["city", "size", "member"]),
        (
            "grade",
            make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()),
            ["grade"],
        ),
        ("junk", "drop", ["junk"]),
    ],
    transformer_weights={"words": 0.5},
)
BY_KIND = ColumnTransformer(
    [
        ("numbers", SimpleImputer(strategy="median"), make_column_selector(dtype_include=np.number)),
        ("one", OneHotEncoder(handle_unknown="ignore"), ["city"]),
    ],
    remainder="drop",
)
BY_POSITION = ColumnTransformer(
    [("numbers", make_pipeline(SimpleImputer(), StandardScaler()), [3])],
    remainder=OneHotEncoder(handle_unknown="ignore"),
)

ANIMALS = [
    *(
        (
            name,
            make_pipeline(ColumnTransformer([("c", encoder, CATEGORIES), AGE]), SimpleImputer(), LogisticRegression()),
            FRAME,
            YES_OR_NO,
        )
        for name, encoder in ENCODERS.items()
    ),
    *(
        (
            f"{name}, forest",
            make_pipeline(
                ColumnTransformer([("c", encoder, CATEGORIES), AGE]), RandomForestClassifier(4, random_state=SEED)
            ),
            FRAME,
            LABELS,
        )
        for name, encoder in ENCODERS.items()
    ),
    *((name, vectorizer, DOCUMENTS, LABELS) for name, vectorizer in VECTORIZERS.items()),
    *(
        (f"{name}, logistic", make_pipeline(VECTORIZERS[name], LogisticRegression()), DOCUMENTS, LABELS)
        for name in ("count", "tfidf", "hashing")
    ),
    ("mixed table", MIXED, FRAME, None),
    ("mixed table, logistic", make_pipeline(MIXED, LogisticRegression()), FRAME, LABELS),
    ("columns by kind", make_pipeline(BY_KIND, Ridge()), FRAME, NUMBERS),
    ("columns by position", make_pipeline(BY_POSITION, Ridge()), FRAME.to_numpy(object)[:, :5], NUMBERS),
    (
        "target of three classes",
        make_pipeline(TargetEncoder(random_state=SEED), Ridge()),
        FRAME[["city", "size"]],
        NUMBERS,
    ),
    ("ordinal alone", OrdinalEncoder(), FRAME[["city", "size"]], None),
    (
        "None for missing",
        make_pipeline(SimpleImputer(missing_values=None, strategy="most_frequent"), OneHotEncoder(), Ridge()),
        GRADES,
        NUMBERS,
    ),
    ("None as a category", make_pipeline(OneHotEncoder(handle_unknown="ignore"), Ridge()), GRADES, NUMBERS),
    ("None has a rank", make_pipeline(OrdinalEncoder(), Ridge()), GRADES, NUMBERS),
    ("box-cox", make_pipeline(PowerTransformer("box-cox"), Ridge()), POSITIVE, NUMBERS),
    ("logarithm", make_pipeline(FunctionTransformer(np.log), Ridge()), POSITIVE, NUMBERS),
    ("reciprocal", make_pipeline(FunctionTransformer(np.reciprocal), Ridge()), POSITIVE, NUMBERS),
]
