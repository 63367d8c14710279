"""The code of the entry point. Python caches the bytecode of an imported file, not of the main file."""

import os
import sys

from . import search_path

EMULATOR = "/usr/local/bin/aws-lambda-rie"


def unbuffer_output() -> None:
    """Write output at once: nothing may stay in a buffer while the sandbox is frozen or killed."""
    from io import TextIOWrapper

    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        raw = getattr(getattr(stream, "buffer", None), "raw", None)
        if raw is not None:
            setattr(sys, name, TextIOWrapper(raw, stream.encoding, stream.errors, write_through=True))


def start(arguments: list[str], function_directory: str) -> None:
    """Serve the handler that `arguments[1]` or `_HANDLER` names.

    If the environment names no Runtime API, start under the emulator of the base image, or else under our own.
    """
    handler = arguments[1] if len(arguments) > 1 else os.environ.get("_HANDLER")
    if not handler:
        sys.exit("iris_model.runtime: no handler given; expected one argument such as app.handler")
    address = os.environ.get("AWS_LAMBDA_RUNTIME_API")
    if address:
        # The platform names the directory of the function. This package is elsewhere when an installed tool serves a
        # function directory; the tool's other packages must not hide those of the function.
        search_path.prepare(os.environ.get("LAMBDA_TASK_ROOT") or function_directory, os.getcwd())
        unbuffer_output()
        from .loop import run

        run(handler, address)
    command = [sys.executable, "-S", os.path.join(function_directory, "iris_model", "runtime", "__main__.py"), handler]
    if os.access(EMULATOR, os.X_OK):
        os.execv(EMULATOR, [EMULATOR, *command])
    # Our emulator needs the whole standard library. Its start-up time does not matter.
    import site

    site.main()
    from .emulator import serve

    serve(command, function_directory)
