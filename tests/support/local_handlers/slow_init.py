"""Imports for SLOW_INIT_SECONDS; only the first time, if SLOW_INIT_MARK names a file to remember it by."""

import os
import time
from pathlib import Path

if "SLOW_INIT_MARK" in os.environ:
    mark = Path(os.environ["SLOW_INIT_MARK"])
    first = not mark.exists()
    mark.touch()
else:
    first = True
if first:
    time.sleep(float(os.environ["SLOW_INIT_SECONDS"]))


def handler(event, context):
    return "ready"
