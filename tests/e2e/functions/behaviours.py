"""Handlers that behave as users' handlers do, well and badly. The table refers to them by name."""

import json
import logging
import os
import signal
import sys
import time
from decimal import Decimal
from pathlib import Path


def echo(event, context):
    return event


def text(event, context):
    return 'versicolor, 虹膜, Ирис, \u2028 \U0001f338 "quoted" \\ \t'


def numbers(event, context):
    return [0, -1, 2**63, 10**40, 0.1, 1e300, 5e-324, -0.0, 1.0, True, False, None]


def decimals(event, context):
    return {"price": Decimal("0.10"), "many": [Decimal(1), Decimal("1E+3")]}


def keys(event, context):
    return {7: "int", 2.5: "float", True: "bool", None: "none", "text": (1, 2)}


def raw_bytes(event, context):
    return b"\x00\x01 not JSON"


def nothing(event, context):
    return None


def not_a_number(event, context):
    return [float("nan"), float("inf"), float("-inf")]


def lone_surrogate(event, context):
    return "\ud800"


def unserialisable(event, context):
    return {"result": object()}


def a_set(event, context):
    return {"setosa"}


def circular(event, context):
    rows = []
    rows.append(rows)
    return rows


def raises(event, context):
    raise ValueError("sepal length is negative: -5.1")


class Wilted(Exception):
    def __str__(self):
        return f"the {self.args[0]} has wilted\nlast watered: never"


def raises_own(event, context):
    raise Wilted("iris")


def raises_chain(event, context):
    try:
        {}["petal"]
    except KeyError as error:
        raise RuntimeError("no petal") from error


def raises_nothing(event, context):
    raise


def raises_empty(event, context):
    raise AssertionError


def raises_unicode(event, context):
    raise ValueError("пестик ≠ 虹 \U0001f338")


def raises_deep(event, context):
    def descend(depth):
        if depth == 0:
            raise LookupError("at the bottom")
        descend(depth - 1)

    descend(5)


def recursion(event, context):
    return recursion(event, context)


def raises_group(event, context):
    raise ExceptionGroup("two at once", [ValueError("first"), TypeError("second")])


def stops_iteration(event, context):
    return next(iter(()))


def takes_too_few(event):
    return event


def exits(event, context):
    sys.exit(1)


def exits_well(event, context):
    sys.exit(0)


def exits_at_once(event, context):
    os._exit(3)


def is_killed(event, context):
    os.kill(os.getpid(), signal.SIGKILL)


def sleeps(event, context):
    time.sleep(30)


def is_interrupted(event, context):
    raise KeyboardInterrupt


def context_fields(event, context):
    remaining = context.get_remaining_time_in_millis()
    return {
        "names": sorted(name for name in vars(context) if not name.startswith("_")),
        "function_name": context.function_name,
        "function_version": context.function_version,
        "invoked_function_arn": context.invoked_function_arn,
        "memory_limit_in_mb": context.memory_limit_in_mb,
        "request_id_length": len(context.aws_request_id),
        "log_group_name": context.log_group_name,
        "log_stream_name": context.log_stream_name,
        "client_context": repr(context.client_context),
        "identity": repr(context.identity),
        "tenant_id": context.tenant_id,
        "remaining_is_sane": isinstance(remaining, int) and 0 < remaining <= 300_000,
    }


def client_context(event, context):
    given = context.client_context
    return {"custom": given.custom, "env": given.env, "client": repr(given.client), "title": given.client.app_title}


def trace(event, context):
    return os.environ.get("_X_AMZN_TRACE_ID", "no trace id")


def environment(event, context):
    names = ["_HANDLER", "LAMBDA_TASK_ROOT", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
    here = str(Path.cwd())
    return {"cwd": here, "cwd_is_importable": here in sys.path, **{name: os.environ.get(name) for name in names}}


def prints(event, context):
    print("printed: первая строка\nand a second")
    print("to stderr", file=sys.stderr)
    sys.stdout.write("no newline at the end")
    sys.stdout.write("\n")
    return "printed"


def logs(event, context):
    logger = logging.getLogger("garden")
    logging.getLogger().setLevel(event.get("level") or logging.getLogger().level)
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        logger.log(level, "%s of %d 虹", logging.getLevelName(level), 5)
    logger.warning("with extra", extra={"petals": 3, "kind": {"iris": ["setosa"]}})
    try:
        raise ValueError("logged, not raised")
    except ValueError:
        logger.exception("it failed")
    logger.warning("two\nlines")
    return logging.getLevelName(logging.getLogger().level)


def logs_by_context(event, context):
    context.log("by the context\n")
    return "logged"


def logs_own_json(event, context):
    logging.getLogger().warning(json.dumps({"already": "JSON"}))
    return "logged"
