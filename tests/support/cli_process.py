"""The command line in a process of its own, as a user runs it, without paying for its imports every time.

A server that has everything imported forks for each run; the child leaves the terminal, takes its own environment, directory
and output, and ends with the exit code of the command.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SERVER = multiprocessing.get_context("forkserver")
_IMPORTED = ("boto3", "botocore.session", "yaml", "tests.support.cli_process")
_COMMANDS = ("deploy", "destroy", "doctor", "events", "invoke", "login", "logs", "rollback", "status")
_SERVER.set_forkserver_preload([*_IMPORTED, *(f"iris_model.cli.commands.{name}" for name in _COMMANDS)])


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


def run_cli(arguments: Sequence[str], environment: Mapping[str, str], directory: Path, scratch: Path) -> Done:
    """Run `iris-model ARGUMENTS` in a directory; what it prints goes through files in `scratch`."""
    process = _SERVER.Process(target=_run, args=(list(arguments), dict(environment), directory, scratch))
    process.start()
    process.join(60)
    if process.exitcode is None:
        process.kill()
        raise AssertionError(f"iris-model {' '.join(arguments)} does not end")
    return Done(process.exitcode, (scratch / "stdout").read_text(), (scratch / "stderr").read_text())


def _run(arguments: list[str], environment: dict[str, str], directory: Path, scratch: Path) -> None:
    os.setsid()  # without a terminal, as in CI
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    for number, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(scratch / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
        os.close(file)
    sys.argv = ["iris-model", *arguments]
    from iris_model.cli import main

    main()
