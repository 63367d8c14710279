"""What a function does to its own log and results, and how its runtime lets it. Standard library only."""

import logging
import os
import sys
import time

ROOT = logging.getLogger()
ROOT.setLevel("INFO")


class _Knows(logging.Filter):
    def filter(self, record):
        # The runtime's own filter has already set these.
        record.seen = record.aws_request_id[:1] != "" and record.aws_request_id == os.environ.get("SEEN_ID", "")
        return record.getMessage() != "hide me"


class Row:
    def _asdict(self):
        return {"a": 1, "b": [Pair()]}


class Pair:
    def _asdict(self):
        return {"left": b"bytes"}


def handler(event, context):
    return globals()[event["do"]](event, context)


def own_format(event, context):
    os.environ["SEEN_ID"] = context.aws_request_id
    handler = ROOT.handlers[0]
    handler.addFilter(_Knows())
    handler.setFormatter(logging.Formatter("%(levelname)s|%(seen)s|%(message)s|%(tenant_id)s\n"))
    logging.info("shown")
    logging.info("hide me")
    return len(ROOT.handlers)


def bytes_keys(event, context):
    return {b"k": 1, "more": {b"\xc3\xbc": [b"x"]}}


def as_dict(event, context):
    return [Row(), {"row": Row()}]


def words_then(event, context):
    """Output without a line feed, and then the end."""
    sys.stdout.write("last words")
    sys.stderr.write(" and more")
    if event["end"] == "exit":
        os._exit(1)
    time.sleep(600)


def find_modules(event, context):
    import vendored

    return [vendored.__file__, [entry for entry in sys.path if "site-packages" in entry]]
