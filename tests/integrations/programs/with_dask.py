"""Answers of a model for rows, from Dask in several processes: `with_dask.py METHOD...` writes answers.json."""

import json
import sys
from pathlib import Path

import dask.dataframe

import iris_model as im

if __name__ == "__main__":
    frame = dask.dataframe.read_parquet("rows.parquet").repartition(npartitions=3)
    answers = {
        method: im.dask.predict(frame, "model.safetensors", method)
        .compute(scheduler="processes", num_workers=2)
        .to_numpy()
        .tolist()
        for method in sys.argv[1:]
    }
    Path("answers.json").write_text(json.dumps(answers))
