"""`--plot FILE`: write an SVG, or a PNG that an installed program renders from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from iris_model.cli.terminal import echo
from iris_model.errors import CostError

SUFFIXES = (".svg", ".png")


class PicturePath(click.Path):
    """The path of a picture, checked before the measurement."""

    name = "picture"

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Check the suffix (.svg or .png), the directory, and for PNG the converter."""
        path = Path(value)
        if path.suffix.lower() not in SUFFIXES:
            raise CostError(f"{path} is not a picture; expected a name that ends with .svg or .png")
        if not path.parent.is_dir():
            raise CostError(
                f"{path} cannot be written: there is no directory {path.parent}", remedy="Create the directory."
            )
        if path.suffix.lower() == ".png":
            from iris_model.cost.raster import check_can_rasterize

            check_can_rasterize()
        return super().convert(path, param, ctx)


def write_picture(path: Path, svg: str) -> None:
    """Write the picture, and print its path to stderr."""
    from iris_model.project.disk import write_replacing

    if path.suffix.lower() == ".png":
        from iris_model.cost.drawing import for_print
        from iris_model.cost.raster import rasterize

        write_replacing(path, rasterize(for_print(svg)))
    else:
        write_replacing(path, svg.encode())
    echo(f"{path} is written.", err=True)
