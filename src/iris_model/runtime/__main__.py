"""The entry point of a sandbox: `python3 -S FUNCTION_DIRECTORY/iris_model/runtime/__main__.py app.handler`.

A file that is run is compiled anew each time, so this one only hands over. Inside Lambda, or under any emulator, the
environment names a Runtime API. Started by hand it has none: then it starts the emulator of the base image if there is
one, else it answers the invocation path itself.
"""

import os
import sys


def main() -> None:
    """Make the function directory importable and hand over."""
    here = os.path.dirname(os.path.abspath(__file__))
    function_directory = os.path.dirname(os.path.dirname(here))
    sys.path[0] = function_directory
    from iris_model.runtime import start

    start.start(sys.argv, function_directory)


main()
