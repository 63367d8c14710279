"""The options of `serve` that say how sandboxes are confined, gathered into one value."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

Result = TypeVar("Result")

_OPTIONS = (
    click.option(
        "--strict", is_flag=True, help="As hostile as the cloud: read-only, a foreign user, no network (Linux)."
    ),
    click.option("--network", is_flag=True, help="With --strict or --image: the network all the same."),
    click.option(
        "--tmp",
        "tmp_mib",
        type=click.IntRange(512, 10240),
        default=512,
        show_default=True,
        metavar="MB",
        help="Size of /tmp.",
    ),
    click.option(
        "--provisioned",
        "provisioned_concurrency",
        type=click.IntRange(0),
        default=0,
        metavar="N",
        help="Provisioned concurrency: N sandboxes are initialised at the start, and stay.",
    ),
    click.option(
        "--cpu-share/--no-cpu-share",
        default=None,
        help="Hold the function to its share of a processor (1,769 MB are one). On with --strict and --image.",
    ),
)


def sandbox_options(command: Callable[..., Result]) -> Callable[..., Result]:
    """Add the options; the command gets them as `sandbox`."""

    @functools.wraps(command)
    def wrapper(**values: Any) -> Result:
        from iris_model.local import SandboxSettings

        names = ("strict", "network", "tmp_mib", "provisioned_concurrency", "cpu_share")
        return command(sandbox=SandboxSettings(**{name: values.pop(name) for name in names}), **values)

    for option in reversed(_OPTIONS):
        wrapper = option(wrapper)
    return wrapper
