"""MLflow's client of its scoring server, as it ships: a probe, a frame with names, one without, an array, and a refusal.

In: the address of the stage, and JSON with `names` and `rows` on stdin. Out: the answers as JSON.
"""

import json
import sys
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

address = urlsplit(sys.argv[1])
given = json.load(sys.stdin)
client = ScoringServerClient(address.hostname, address.port)
client.wait_server_ready(timeout=20)
rows = np.array(given["rows"])
answers = {
    "named": client.invoke(pd.DataFrame(rows, columns=given["names"])),
    "without names": client.invoke(pd.DataFrame(rows)),
    "array": client.invoke(rows),
    "list": client.invoke(given["rows"]),
    "parameters": client.invoke(rows, params={"alpha": 1}),
}
labels = {name: answer.get_predictions()[0].tolist() for name, answer in answers.items()}
try:
    client.invoke(rows[:, :2])
except Exception as refusal:
    labels["refused"] = str(refusal)
json.dump(labels, sys.stdout)
