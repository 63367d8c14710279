"""What the entry point does, kept here because an imported file's bytecode is kept and a run file's is not."""

import os
import sys

from . import search_path

EMULATOR = "/usr/local/bin/aws-lambda-rie"


def start(arguments: list[str], function_directory: str) -> None:
    """Serve the handler named in `arguments[1]`, or in `_HANDLER`.

    Where the environment names no Runtime API: under the emulator of the base image, else under our own.
    """
    handler = arguments[1] if len(arguments) > 1 else os.environ.get("_HANDLER")
    if not handler:
        sys.exit("iris_model.runtime: no handler given; expected one argument such as app.handler")
    address = os.environ.get("AWS_LAMBDA_RUNTIME_API")
    if address:
        search_path.prepare(function_directory, os.getcwd())
        # Lines must not wait in a buffer while the sandbox is frozen or killed.
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        from .loop import run

        run(handler, address)
    command = [sys.executable, "-S", os.path.join(function_directory, "iris_model", "runtime", "__main__.py"), handler]
    if os.access(EMULATOR, os.X_OK):
        os.execv(EMULATOR, [EMULATOR, *command])
    # The emulator of ours needs the whole standard library, and time does not count here.
    import site

    site.main()
    from .emulator import serve

    serve(command, function_directory)
