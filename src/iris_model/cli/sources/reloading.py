"""Watch sources and rebuild the function, for `serve --reload`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from iris_model.cli.render.output import OnStep
    from iris_model.local import FunctionSettings

Build = Callable[["OnStep"], "FunctionSettings"]


def reloading(directory: Path, build: Build, on_step: OnStep) -> FunctionSettings:
    """Build the first version. Return a function that builds the next one with the same options."""
    from iris_model.local import ReloadPlan

    settings = build(on_step)
    if settings.sandbox.image is not None:
        raise click.UsageError(
            "--reload watches source files, and --image has none; build the image and start serve again"
        )

    def rebuild() -> FunctionSettings:
        return build(lambda step: None)  # no progress line, because it would be mixed with the log lines

    return replace(settings, reload=ReloadPlan((directory.resolve(),), rebuild))
