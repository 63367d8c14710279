"""Environment variables from the command line: `--env NAME=VALUE` and `--env-file FILE`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click


def read_environment(assignments: Iterable[str], files: Iterable[Path]) -> dict[str, str]:
    """Return all variables. The command line overrides files, and later files override earlier ones."""
    environment: dict[str, str] = {}
    for file in files:
        environment |= _read_file(file)
    for assignment in assignments:
        name, sign, value = assignment.partition("=")
        if not sign or not name:
            raise click.BadParameter(f"{assignment!r} is not a variable; expected NAME=VALUE", param_hint="--env")
        environment[name] = value
    return environment


def _read_file(path: Path) -> dict[str, str]:
    """Read one `NAME=VALUE` per line, as Docker's --env-file does. Quotes around a value are removed; `#` starts a
    comment.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(
            f"{path} cannot be read ({error}); expected NAME=VALUE lines", param_hint="--env-file"
        ) from None
    found = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, sign, value = text.removeprefix("export ").partition("=")
        if not sign or not name.strip():
            raise click.BadParameter(f"{path}, line {number}: {line!r}; expected NAME=VALUE", param_hint="--env-file")
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        found[name.strip()] = value
    return found
