"""A runtime that breaks the rules of the Runtime API, one after the other, and prints the answers.

Started in place of a real runtime (`iris_model/runtime/__main__.py` of a function directory).
"""

import http.client
import json
import os


def call(method, path, body=None, headers={}):  # noqa: B006
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request(method, "/2018-06-01" + path, body, headers)
    response = connection.getresponse()
    return response.status, response.read().decode().strip(), dict(response.getheaders())


def show(case, method, path, body=None, headers={}):  # noqa: B006
    status, text, _ = call(method, path, body, headers)
    print(json.dumps([case, status, text]), flush=True)


show("response before next", "POST", "/runtime/invocation/abc/response", b"1")
show("error before next", "POST", "/runtime/invocation/abc/error", b"{}")
show("ping", "GET", "/ping")
show("unknown path", "GET", "/nope")
show("wrong method", "POST", "/runtime/invocation/next")
_, event, headers = call("GET", "/runtime/invocation/next")
print(json.dumps(["headers", sorted(headers), event]), flush=True)
path = f"/runtime/invocation/{headers['Lambda-Runtime-Aws-Request-Id']}"
show("next again", "GET", "/runtime/invocation/next")
show("wrong id", "POST", "/runtime/invocation/xyz/response", b"1")
show("init error while running", "POST", "/runtime/init/error", b"{}")
show("wrong mode", "POST", path + "/response", b"1", {"Lambda-Runtime-Function-Response-Mode": "whole"})
show("response", "POST", path + "/response", b'{"a": 1}')
show("response again", "POST", path + "/response", b'{"a": 2}')
show("error after response", "POST", path + "/error", b"{}")
_, event, headers = call("GET", "/runtime/invocation/next")
path = f"/runtime/invocation/{headers['Lambda-Runtime-Aws-Request-Id']}"
show(
    "large header",
    "POST",
    path + "/error",
    b'{"errorType": "E"}',
    {"Lambda-Runtime-Function-XRay-Error-Cause": "x" * 1_000_000},
)
_, event, headers = call("GET", "/runtime/invocation/next")
path = f"/runtime/invocation/{headers['Lambda-Runtime-Aws-Request-Id']}"
show("too large", "POST", path + "/response", b"x" * 6_291_557)
_, event, headers = call("GET", "/runtime/invocation/next")
path = f"/runtime/invocation/{headers['Lambda-Runtime-Aws-Request-Id']}"
call("POST", path + "/response", b'"too early"')
os._exit(4)
