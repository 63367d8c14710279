"""Versions in pickles: one (`1.5.2`), or a range (`>=4.2.0,<4.4.0`)."""

from __future__ import annotations

import re

# The version before each possible upper bound of a range.
_BEFORE = {
    "4.7.0": "4.6.0",
    "4.6.0": "4.5.0",
    "4.4.0": "4.3.0",
    "4.2.0": "4.1.0",
    "4.1.0": "4.0.0",
    "4.0.0": "3.3.5",
}
_NUMBER = re.compile(r"\d+(?:\.\d+)*")


_WRITTEN = re.compile(r"\d[0-9A-Za-z.+!_-]{0,40}")


def is_written(text: str) -> bool:
    """Whether a string of a file is a valid version: users paste it into a shell, as part of `pip install`."""
    return text.isascii() and _WRITTEN.fullmatch(text) is not None


def is_version(installed: str, wanted: str) -> bool:
    """Whether the installed version matches `wanted`, the version or range that wrote a pickle."""
    if wanted[:1] not in "<>":
        return installed == wanted
    here = _numbers(installed)
    return all(
        here >= _numbers(bound[2:]) if bound.startswith(">=") else here < _numbers(bound[1:])
        for bound in wanted.split(",")
    )


def describe_versions(wanted: str) -> str:
    """Return `1.5.2`, `4.2.0 to 4.3.0`, `3.3.5 or older`, or `4.7.0 or newer`."""
    if wanted[:1] not in "<>":
        return wanted
    *lower, last = wanted.split(",")
    if last.startswith(">="):
        return f"{last[2:]} or newer"
    newest = _BEFORE[last[1:]]
    oldest = lower[0][2:] if lower else ""
    if oldest == newest:
        return oldest
    return f"{oldest} to {newest}" if oldest else f"{newest} or older"


def pin(library: str, wanted: str) -> str:
    """Return the requirement for a matching version."""
    if wanted[:1] not in "<>":
        return f"{library}=={wanted}"
    last = wanted.split(",")[-1]
    return f'"{library}{wanted}"' if last.startswith(">=") else f"{library}=={_BEFORE[last[1:]]}"


def _numbers(version: str) -> tuple[int, ...]:
    found = _NUMBER.match(version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
