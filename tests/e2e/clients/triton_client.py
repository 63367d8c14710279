"""NVIDIA's client of Triton, as it ships: probes, one tensor, a tensor for each feature, metadata, chosen outputs, and refusals.

In: the address, and JSON with `names` and `rows` on stdin. Out: the answers as JSON.
"""

import json
import sys
from urllib.parse import urlsplit

import numpy as np
import tritonclient.http as triton

given = json.load(sys.stdin)
rows = np.array(given["rows"])
client = triton.InferenceServerClient(urlsplit(sys.argv[1]).netloc)


def tensor(name: str, values: np.ndarray, binary: bool = False) -> triton.InferInput:
    made = triton.InferInput(name, list(values.shape), "FP64")
    made.set_data_from_numpy(values, binary_data=binary)
    return made


def refusal(*arguments: object, **options: object) -> list[str]:
    try:
        client.infer("iris", *arguments, **options)
    except triton.InferenceServerException as refused:
        return [refused.status(), refused.message()]
    return []


outputs = [triton.InferRequestedOutput(name, binary_data=False) for name in ("predict", "predict_proba")]
columns = [tensor(name, rows[:, [index]]) for index, name in enumerate(given["names"])]
answers = {
    "one tensor": client.infer("iris", [tensor("x", rows)], outputs=outputs, request_id="7"),
    "a tensor each": client.infer("iris", columns, outputs=outputs[::-1]),
    # Asked for nothing, this client would like binary outputs and takes JSON.
    "no outputs named": client.infer("iris", [tensor("x", rows)]),
    "packed": client.infer(
        "iris", [tensor("x", rows)], outputs=outputs, headers={"Content-Type": ""}, request_compression_algorithm="gzip"
    ),
}
json.dump(
    {
        "ready": [client.is_server_live(), client.is_server_ready(), client.is_model_ready("iris")],
        "server": client.get_server_metadata(),
        "metadata": client.get_model_metadata("iris"),
        "id": answers["one tensor"].get_response()["id"],
        "labels": {name: answer.as_numpy("predict").tolist() for name, answer in answers.items()},
        "probabilities": {name: answer.as_numpy("predict_proba").tolist() for name, answer in answers.items()},
        "binary": refusal([tensor("x", rows, binary=True)], outputs=outputs),
        "wrong shape": refusal([tensor("x", rows[:, :3].copy())], outputs=outputs),
        "wrong output": refusal([tensor("x", rows)], outputs=[triton.InferRequestedOutput("loss", binary_data=False)]),
    },
    sys.stdout,
)
