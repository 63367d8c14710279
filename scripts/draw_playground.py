"""Take the picture of the playground for the README: `python scripts/draw_playground.py` from the root of the checkout.

Serves examples/iris, predicts one flower in Chromium, and writes docs/playground.png. Needs Chromium and Playwright.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.browser import launch  # noqa: E402

PICTURE = ROOT / "docs" / "playground.png"
WIDTH, HEIGHT = 1100, 1250
# Versicolor, near the border to virginica: an answer that shows two bars.
FLOWER = (6.3, 2.8, 4.9, 1.6)
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/$")


def main() -> None:
    """Serve, ask, take the picture, stop."""
    with tempfile.TemporaryDirectory() as place:
        ignored = shutil.ignore_patterns(".iris-model", "__pycache__")
        project = shutil.copytree(ROOT / "examples/iris", Path(place) / "iris", ignore=ignored)
        command = [sys.executable, "-m", "iris_model.cli", "serve", str(project), "--port", "0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            take(find_address(server))
        finally:
            server.terminate()
            server.wait(timeout=10)
    print(f"{PICTURE.relative_to(ROOT)} is written: {PICTURE.stat().st_size:,} bytes")


def find_address(server: subprocess.Popen[str]) -> str:
    """The address of the page, from the lines that `serve` prints."""
    assert server.stdout is not None
    for line in server.stdout:
        if found := ADDRESS.search(line.strip()):
            return found[0]
    raise SystemExit(f"serve ended with {server.wait()} before it printed the address of its page")


def take(address: str) -> None:
    """Predict one flower, first cold and then warm, and write the picture."""
    with launch() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(address)
        for index, value in enumerate(FLOWER):
            page.fill(f"#column-{index}", str(value))
        for _ in range(4):
            page.click("#send")
            page.wait_for_timeout(1500)
        page.evaluate("window.scrollTo(0, 0)")
        page.wait_for_timeout(300)
        page.screenshot(path=str(PICTURE))


if __name__ == "__main__":
    main()
