"""The client of KServe's own SDK, as it ships: readiness and inference in both of its protocols.

In: the address, and JSON with `rows` on stdin. Out: the answers as JSON.
"""

import asyncio
import json
import sys

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

given = json.load(sys.stdin)
rows = np.array(given["rows"])
address = sys.argv[1]


async def ask() -> dict[str, object]:
    first, second = (InferenceRESTClient(RESTConfig(protocol=protocol)) for protocol in ("v1", "v2"))
    tensor = InferInput("rows", list(rows.shape), "FP64")
    tensor.set_data_from_numpy(rows, binary_data=False)
    answer = await second.infer(address, InferRequest("iris", [tensor]), model_name="iris")
    predict, predict_proba = (output.as_numpy().tolist() for output in answer.outputs)
    return {
        "ready": [
            await first.is_model_ready(address, "iris"),
            await second.is_server_live(address),
            await second.is_server_ready(address),
            await second.is_model_ready(address, "iris"),
        ],
        "v1": await first.infer(address, {"instances": rows.tolist()}, model_name="iris"),
        "v2": predict,
        "probabilities": predict_proba,
    }


json.dump(asyncio.run(ask()), sys.stdout)
