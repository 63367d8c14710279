"""Answers of a model for rows, from Ray Data: `with_ray.py METHOD...` writes answers.json."""

import json
import sys
from pathlib import Path

import ray

import iris_model as im

ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
dataset = ray.data.read_parquet("rows.parquet")
rows = im.ray.predict(dataset, "model.safetensors", sys.argv[1:], batch_size=500).take_all()
answers = {}
for method in sys.argv[1:]:
    names = [name for name in rows[0] if name.startswith("probability" if method == "predict_proba" else "prediction")]
    answers[method] = [[row[name] for name in names] if method == "predict_proba" else row[names[0]] for row in rows]
Path("answers.json").write_text(json.dumps(answers))
