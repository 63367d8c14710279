"""The entry point of a sandbox: `python3 -S FUNCTION_DIRECTORY/iris_model/runtime/__main__.py app.handler`.

Python recompiles the main file at every start, so this file only calls another one.
"""

import os
import sys


def main() -> None:
    """Put the function directory on the search path and start the runtime."""
    here = os.path.dirname(os.path.abspath(__file__))
    function_directory = os.path.dirname(os.path.dirname(here))
    sys.path[0] = function_directory
    try:
        from iris_model.runtime import start
    except ImportError as error:
        if "magic number" not in str(error):
            raise
        sys.exit(
            f"iris_model.runtime: this function was packaged for another Python than {sys.version.split()[0]}; "
            "package it with the Python of the image it runs on, or set python in iris-model.toml"
        )

    start.start(sys.argv, function_directory)


main()
