"""What the page shows about the model itself: its decisions on a grid of two features, and why it answered as it did.

A model is evaluated here, in a thread of the service, so that pictures cause no invocations. Slow models are refused.
"""

from __future__ import annotations

import asyncio
import json
import math
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from iris_model.local.configuration.page_sources import NotShown, PageModel, PageSources

MOST_BYTES = 1024 * 1024
# Points along one axis of the grid.
MOST_POINTS = 80
# A grid that would take longer is refused, because it follows the form.
MOST_SECONDS = 1.5
_PROBE_ROWS = 16


class ModelViews:
    """The opened models of the functions, by function directory."""

    def __init__(self) -> None:
        self._opened: dict[Path, tuple[object, PageModel | None]] = {}
        # One model at a time: two pictures at the same time would only slow each other, and the functions, down.
        self._lock = threading.Lock()

    def find(self, directory: Path, page: PageSources) -> PageModel | None:
        """Return the model of a function directory, opened again after `package` replaced it; None if not compiled."""
        if page.open_model is None:
            return None
        try:
            stat = (directory / "function.json").stat()
            version = (stat.st_mtime_ns, stat.st_ino, page.data)
        except OSError:
            return None
        known = self._opened.get(directory)
        if known is None or known[0] != version:
            known = self._opened[directory] = (version, page.open_model(directory))
        return known[1]

    async def explain(self, model: PageModel, body: bytes) -> dict[str, Any]:
        """Return the contributions for `{"row": [...]}`. Raises NotShown."""
        row = _read(body, "row")["row"]
        return dict(await self._run(lambda: model.explain(row)))

    async def draw_regions(self, model: PageModel, body: bytes) -> dict[str, Any]:
        """Return the predictions on a grid.

        `{"row": [...], "x": column, "y": column, "xs": [...], "ys": [...]}` gives `{"predictions": [...]}`: for each y a
        prediction for each x. Raises NotShown.
        """
        asked = _read(body, "row", "xs", "ys")
        row, xs, ys = asked["row"], asked["xs"], asked["ys"]
        places = [asked.get(name) for name in ("x", "y")]
        if not all(type(place) is int and 0 <= place < len(row) for place in places):
            raise NotShown("x and y must be numbers of columns")
        if not all(0 < len(values) <= MOST_POINTS and all(map(_is_finite, values)) for values in (xs, ys)):
            raise NotShown(f"xs and ys must have 1 to {MOST_POINTS} numbers")
        rows = []
        for up in ys:
            for across in xs:
                cells = list(row)
                cells[places[0]], cells[places[1]] = across, up  # type: ignore[index]
                rows.append(cells)
        predictions = await self._run(lambda: _predict_quickly(model, rows))
        # JSON has no NaN and no infinity.
        return {
            "predictions": [None if type(each) is float and not math.isfinite(each) else each for each in predictions]
        }

    async def _run(self, work: Callable[[], Any]) -> Any:
        def run() -> Any:
            with self._lock:
                return work()

        return await asyncio.to_thread(run)


def _predict_quickly(model: PageModel, rows: list[list[Any]]) -> list[Any]:
    began = time.perf_counter()
    model.predict(rows[:: max(1, len(rows) // _PROBE_ROWS)])
    if (time.perf_counter() - began) * len(rows) / _PROBE_ROWS > MOST_SECONDS * 4:
        raise NotShown("the model is too slow for a picture of its decisions")
    return model.predict(rows)


def _read(body: bytes, *lists: str) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or not all(isinstance(asked.get(name), list) for name in lists):
        raise NotShown(f"expected a JSON object with the lists {', '.join(lists)}")
    return asked


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
