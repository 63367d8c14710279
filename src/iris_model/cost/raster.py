"""Convert an SVG to a PNG with resvg, a Python package that needs no other program."""

from __future__ import annotations

from xml.etree import ElementTree

from iris_model.cost.drawing import document, text
from iris_model.errors import CostError

# Twice the size of the SVG, so that it is sharp on a slide.
SCALE = 2
_AS_SVG = "Or use a file name that ends with .svg."


def check_can_rasterize() -> None:
    """Raise CostError if resvg is not installed or finds no font, before a measurement starts."""
    # resvg leaves out text without an error if no font of the picture is installed.
    with_letter, without = (rasterize(document(20, 20, "", [text(4, 16, letter)])) for letter in ("M", ""))
    if with_letter == without:
        raise CostError(
            "this machine has none of the fonts of the picture, so a .png file would have no text",
            remedy=f"Install one, such as fonts-dejavu-core in Debian. {_AS_SVG}",
        )


def rasterize(svg: str) -> bytes:
    """Return the picture as a PNG, `SCALE` times its size. Raises CostError if resvg is not installed."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise CostError(
            "a .png needs resvg-py, which is not installed", remedy=f"pip install 'iris-model[png]'. {_AS_SVG}"
        ) from None
    root = ElementTree.fromstring(svg)  # noqa: S314 - drawn by us
    width, height = (round(float(root.attrib[name]) * SCALE) for name in ("width", "height"))
    return svg_to_bytes(svg_string=svg, width=width, height=height)
