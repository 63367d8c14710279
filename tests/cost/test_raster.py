"""PNG by resvg: of the right size, with the words, and a sentence where the package or a font is missing."""

import sys
from functools import partial

import pytest

from iris_model.cost.drawing import document, for_print, text
from iris_model.cost.raster import SCALE, check_can_rasterize, rasterize
from iris_model.errors import CostError
from tests.support.pixels import inked_share, open_png
from tests.support.requirement import skip_unless_ci

PICTURE = for_print(document(200, 100, "words", [text(20, 60, "words")]))


def has_resvg():
    try:
        import resvg_py  # noqa: F401
    except ImportError:
        return False
    return True


def test_the_png_has_the_size_and_the_text():
    if not has_resvg():
        skip_unless_ci("no resvg: pip install resvg-py")
    check_can_rasterize()
    image = open_png(rasterize(PICTURE))
    assert image.size == (200 * SCALE, 100 * SCALE)
    assert image.getpixel((0, 0)) == (255, 255, 255)
    assert inked_share(image, 0.1, 0.4, 0.4, 0.65) > 0.02
    assert inked_share(image, 0.6, 0, 1, 1) == 0


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    for ask in (check_can_rasterize, lambda: rasterize(PICTURE)):
        with pytest.raises(CostError) as raised:
            ask()
        assert "iris-model[png]" in raised.value.remedy and ".svg" in raised.value.remedy


def test_a_machine_without_fonts(monkeypatch):
    if not has_resvg():
        skip_unless_ci("no resvg: pip install resvg-py")
    import resvg_py

    monkeypatch.setattr(resvg_py, "svg_to_bytes", partial(resvg_py.svg_to_bytes, skip_system_fonts=True))
    with pytest.raises(CostError, match="none of the fonts of the picture"):
        check_can_rasterize()
