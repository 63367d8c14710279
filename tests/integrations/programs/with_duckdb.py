"""Answers of a model for rows, from DuckDB: `with_duckdb.py METHOD...` writes answers.json."""

import json
import sys
from pathlib import Path

import duckdb

import iris_model as im

connection = duckdb.connect()
answers = {}
for method in sys.argv[1:]:
    call = im.duckdb.register(connection, "model.safetensors", name=f"by_{method}", method=method)
    answers[method] = [row[0] for row in connection.sql(f"SELECT {call} FROM 'rows.parquet'").fetchall()]
Path("answers.json").write_text(json.dumps(answers))
