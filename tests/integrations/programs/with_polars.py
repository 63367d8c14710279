"""Answers of a model for rows, from Polars, eager, lazy and streaming: `with_polars.py METHOD...` writes answers.json."""

import json
import sys
from pathlib import Path

import polars

import iris_model as im

answers = {}
for method in sys.argv[1:]:
    expression = im.polars.predict("model.safetensors", method)
    eager = polars.read_parquet("rows.parquet").select(expression)[method].to_list()
    lazy = polars.scan_parquet("rows.parquet").with_columns(expression)
    for engine in ("in-memory", "streaming"):
        if lazy.collect(engine=engine)[method].to_list() != eager:
            raise SystemExit(f"other answers from the engine {engine}")
    answers[method] = eager
Path("answers.json").write_text(json.dumps(answers))
