"""A runtime that asks for an event and never reads the answer; started in place of a real one."""

import os
import socket
import time

host, _, port = os.environ["AWS_LAMBDA_RUNTIME_API"].rpartition(":")
connection = socket.create_connection((host, int(port)))
connection.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
time.sleep(600)
