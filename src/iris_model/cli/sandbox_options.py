"""The options of `serve` that say how sandboxes are confined, gathered into one value."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable
from typing import Any, TypeVar

import click

Result = TypeVar("Result")

_OPTIONS = (
    click.option(
        "--strict", is_flag=True, help="As hostile as the cloud: read-only, a foreign user, no network (Linux)."
    ),
    click.option("--image", metavar="REF", help="Run containers of this image (Docker), in place of processes."),
    click.option(
        "--image-entry-point", metavar="WORDS", help="In place of the image's ENTRYPOINT, as ImageConfig does."
    ),
    click.option("--image-command", metavar="WORDS", help="In place of the image's CMD, as in app.handler."),
    click.option("--image-workdir", metavar="PATH", help="In place of the image's WORKDIR."),
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
        from iris_model.local import ImageSettings, SandboxSettings

        reference, entry_point, words, directory = (
            values.pop(name) for name in ("image", "image_entry_point", "image_command", "image_workdir")
        )
        image = reference and ImageSettings(reference, _split(entry_point), _split(words), directory)
        if image is None and not (entry_point is words is directory is None):
            raise click.UsageError(
                "--image-entry-point, --image-command and --image-workdir change an image; name it: --image REF"
            )
        names = ("strict", "network", "tmp_mib", "provisioned_concurrency", "cpu_share")
        return command(sandbox=SandboxSettings(**{name: values.pop(name) for name in names}, image=image), **values)

    for option in reversed(_OPTIONS):
        wrapper = option(wrapper)
    return wrapper


def _split(words: str | None) -> tuple[str, ...] | None:
    return None if words is None else tuple(shlex.split(words))
