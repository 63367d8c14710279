"""`--plot FILE`: an SVG as it is, or a PNG that a program of this machine draws of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from iris_model.errors import CostError

SUFFIXES = (".svg", ".png")


class PicturePath(click.Path):
    """A file to draw into, checked before anything is measured."""

    name = "picture"

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A name that ends in .svg or .png, in a directory that is there; for a PNG, with a program that draws it."""
        path = Path(value)
        if path.suffix.lower() not in SUFFIXES:
            raise CostError(f"{path} is no picture; expected a name that ends in .svg or .png.")
        if not path.parent.is_dir():
            raise CostError(f"{path} cannot be written: there is no directory {path.parent}.", remedy="Make it first.")
        if path.suffix.lower() == ".png":
            from iris_model.cost.raster import check_can_rasterize

            check_can_rasterize()
        return super().convert(path, param, ctx)


def write_picture(path: Path, svg: str) -> None:
    """Write it, and say so on stderr."""
    try:
        if path.suffix.lower() == ".png":
            from iris_model.cost.drawing import for_print
            from iris_model.cost.raster import rasterize

            path.write_bytes(rasterize(for_print(svg)))
        else:
            path.write_text(svg, encoding="utf-8")
    except OSError as error:
        raise CostError(
            f"{path} cannot be written ({error.strerror}).", remedy="Name a file in a directory of yours."
        ) from None
    click.echo(f"{path} is written.", err=True)
