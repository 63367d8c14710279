"""Takes its time to import: as long as SLOW_INIT_SECONDS says, in every start but those after the first if told so."""

import os
import time
from pathlib import Path

_mark = Path(os.environ.get("SLOW_INIT_MARK", "/nonexistent"))
if not _mark.exists():
    if _mark.parent.is_dir():
        _mark.touch()
    time.sleep(float(os.environ["SLOW_INIT_SECONDS"]))


def handler(event, context):
    return "ready"
