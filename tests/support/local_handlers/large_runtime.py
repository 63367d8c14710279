"""A runtime that answers with as many MiB as the event asks for, and then tells what the Runtime API said to it.

Started in place of a real runtime (`iris_model/runtime/__main__.py` of a function directory).
"""

import http.client
import json
import os

connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def call(method, path, body=None, **more):
    connection.request(method, "/2018-06-01/runtime/invocation/" + path, body, **more)
    response = connection.getresponse()
    return response.status, response.read(), response.getheader("Lambda-Runtime-Aws-Request-Id")


told = None
while True:
    _, event, request_id = call("GET", "next")
    asked = json.loads(event)
    if "mib" in asked:
        pieces = (b"x" * 2**20 for _ in range(asked["mib"]))
        status, answer, _ = call("POST", f"{request_id}/{asked['call']}", pieces, encode_chunked=True)
        told = [status, json.loads(answer)]
    else:
        call("POST", f"{request_id}/response", json.dumps(told))
