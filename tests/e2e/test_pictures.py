"""The same picture by resvg, by librsvg, and by Chromium as a browser shows the SVG: they look alike."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from iris_model.cost.raster import SCALE, rasterize
from tests.cost.test_measurement import TEXT
from tests.support.pixels import difference, inked_share, open_png

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """`cost` as SVG and as PNG, of the same log."""
    directory = tmp_path_factory.mktemp("pictures")
    log = directory / "serve.log"
    log.write_text("\n".join(TEXT))
    for suffix in ("svg", "png"):
        command = [sys.executable, "-m", "iris_model.cli", "cost", "--from-log", log, "--plot", f"cost.{suffix}"]
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
    return directory


def shown_by_a_browser(browser: Any, svg: Path, scheme: str) -> bytes:
    """What a reader sees who opens the file."""
    with browser.new_page(device_scale_factor=SCALE, color_scheme=scheme) as page:
        page.goto(svg.as_uri())
        size = json.loads(
            page.evaluate("JSON.stringify(['width', 'height'].map(n => +document.documentElement.getAttribute(n)))")
        )
        page.set_viewport_size({"width": size[0], "height": size[1]})
        return page.screenshot()


def test_the_png_looks_like_the_svg_in_a_browser(pictures, browser):
    png = open_png((pictures / "cost.png").read_bytes())
    svg = pictures / "cost.svg"
    light, dark = (open_png(shown_by_a_browser(browser, svg, scheme)) for scheme in ("light", "dark"))
    assert difference(png, light) < 1.5
    assert difference(png, dark) > 100
    # The same ink on a dark page: nothing is lost there.
    for box in ((0.05, 0, 0.7, 0.12), (0.08, 0.16, 0.68, 0.85), (0.7, 0.15, 1, 0.9), (0.05, 0.9, 0.7, 1)):
        assert inked_share(dark, *box) == pytest.approx(inked_share(light, *box), rel=0.35)


def test_another_renderer_draws_the_same(pictures):
    svg = pictures / "cost.svg"
    size = open_png(rasterize(svg.read_text())).size
    command = ["rsvg-convert", f"--width={size[0]}", f"--height={size[1]}", str(svg)]
    other = subprocess.run(command, capture_output=True, check=True).stdout
    assert difference(open_png(rasterize(svg.read_text())), open_png(other)) < 1.5
