"""A runtime that asks for an event and never reads the answer; started in place of a real one."""

import os
import socket
import time

address = os.environ["AWS_LAMBDA_RUNTIME_API"]
host, _, port = address.rpartition(":")
connection = socket.create_connection((host, int(port)))
connection.sendall(f"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
time.sleep(600)
