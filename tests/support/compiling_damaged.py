"""Compiles every file of a directory as the command does, in confined copies: python -m tests.support.compiling_damaged DIRECTORY

Prints one line of JSON for each: its name, the problem ("" when it compiled) and the hint. Has little memory for all of it.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from iris_model.errors import IrisModelError
from iris_model.project.compilation.compiling import compile_confined

# Of addresses: the libraries alone take a good part of it.
MOST_BYTES = 6 << 30


def main() -> None:
    """Compile them one after the other."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    for path in sorted(Path(sys.argv[1]).iterdir()):
        problem, remedy = "", ""
        try:
            compile_confined(path, None, ())
        except IrisModelError as error:
            problem, remedy = error.problem, error.remedy or ""
        print(json.dumps([path.name, problem, remedy]), flush=True)


if __name__ == "__main__":
    main()
