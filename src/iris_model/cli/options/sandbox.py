"""The options of `serve` that restrict sandboxes, passed as one value."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable
from typing import Any, TypeVar

import click

from iris_model.contract.lambda_limits import LEAST_EPHEMERAL_STORAGE, MOST_EPHEMERAL_STORAGE

Result = TypeVar("Result")

_OPTIONS = (
    click.option(
        "--strict",
        is_flag=True,
        help="Restrict the function as on AWS: read-only files, another user, no network (Linux).",
    ),
    click.option("--image", metavar="REF", help="Run containers of this image instead of processes (Docker)."),
    click.option(
        "--image-entry-point", metavar="WORDS", help="Override the image's ENTRYPOINT: words separated by spaces."
    ),
    click.option("--image-command", metavar="WORDS", help="Override the image's CMD, such as app.handler."),
    click.option("--image-workdir", metavar="PATH", help="Override the image's WORKDIR."),
    click.option("--network", is_flag=True, help="Allow network access with --strict or --image."),
    click.option(
        "--tmp",
        "tmp_mib",
        type=click.IntRange(LEAST_EPHEMERAL_STORAGE, MOST_EPHEMERAL_STORAGE),
        default=LEAST_EPHEMERAL_STORAGE,
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
        help="Provisioned concurrency: start N sandboxes in advance, and keep them.",
    ),
    click.option(
        "--cpu-share/--no-cpu-share",
        default=None,
        help="Limit the CPU as Lambda does: one vCPU for 1,769 MB of memory.  [default: on with --strict and --image]",
    ),
)


def sandbox_options(command: Callable[..., Result]) -> Callable[..., Result]:
    """Add the options. The command receives them as `sandbox`."""

    @functools.wraps(command)
    def wrapper(**values: Any) -> Result:
        from iris_model.local import ImageSettings, SandboxSettings

        reference, entry_point, words, directory = (
            values.pop(name) for name in ("image", "image_entry_point", "image_command", "image_workdir")
        )
        image = reference and ImageSettings(reference, _split(entry_point), _split(words), directory)
        if image is None and not (entry_point is words is directory is None):
            raise click.UsageError("--image-entry-point, --image-command and --image-workdir require --image REF")
        names = ("strict", "network", "tmp_mib", "provisioned_concurrency", "cpu_share")
        return command(sandbox=SandboxSettings(**{name: values.pop(name) for name in names}, image=image), **values)

    for option in reversed(_OPTIONS):
        wrapper = option(wrapper)
    return wrapper


def _split(words: str | None) -> tuple[str, ...] | None:
    return None if words is None else tuple(shlex.split(words))
