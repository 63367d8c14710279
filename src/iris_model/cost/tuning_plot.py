"""Plot time and cost over memory size, one above the other, as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from iris_model.cost.drawing import document, dot, line, path, text
from iris_model.cost.tuning import TunedCost, Tuning

WIDTH, HEIGHT = 860, 626
_LEFT, _RIGHT = 96, 40
_COMPROMISE = "best compromise"
# With more sizes, labels would overlap: then only some sizes and the values of recommended sizes are labelled.
_MOST_LABELS = 8


@dataclass(frozen=True)
class Panel:
    """One of the two plots: its position, values, and line color."""

    top: int
    bottom: int
    color: int
    label: str
    value_of: Callable[[TunedCost], float]
    best: str
    is_money: bool = False

    def tick(self, value: float) -> str:
        """Return the label of a grid line."""
        if not self.is_money:
            return f"{value:.4g}"
        return f"${value:.4g}" if value == 0 or value >= 10 else f"${value:.2f}" if value >= 0.01 else f"${value:.2g}"


_PANELS = (
    Panel(
        124,
        312,
        0,
        "milliseconds of a warm answer, from the fastest to the slowest round",
        lambda size: size.warm_ms,
        "fastest",
    ),
    Panel(380, 568, 1, "US dollars for a million answers", lambda size: float(size.usd_per_million), "cheapest", True),
)


def render_tuning_plot(tuning: Tuning, *, title: str, subtitle: str) -> str:
    """Return the picture. Each axis starts at zero, so that differences have their true size."""
    return document(
        WIDTH,
        HEIGHT,
        f"{title}. {subtitle}",
        [
            text(_LEFT, 38, title, "title"),
            text(_LEFT, 62, subtitle, "quiet"),
            *(element for panel in _PANELS for element in _panel(tuning, panel)),
            text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 14, "memory size, MB", "quiet", "middle"),
        ],
    )


def _panel(tuning: Tuning, panel: Panel) -> Iterator[str]:
    has_spread = panel is _PANELS[0]
    largest = max(map(panel.value_of, tuning.sizes))
    if has_spread:
        largest = max(largest, *(size.spread[1] for size in tuning.sizes if size.spread), 0.0)
    step = _step(largest)
    # Space above the highest point for its label.
    ceiling = step * math.ceil(largest / step * 1.12)
    yield text(_LEFT, panel.top - 24, panel.label, "strong")

    def y_of(value: float) -> float:
        return panel.bottom - value / ceiling * (panel.bottom - panel.top)

    for index in range(round(ceiling / step) + 1):
        y = y_of(index * step)
        yield line(_LEFT, y, WIDTH - _RIGHT, y, "grid" if index else "axis")
        yield text(_LEFT - 8, y + 4, panel.tick(index * step), "quiet", "end")
    places = [(_x(tuning, index), y_of(panel.value_of(size))) for index, size in enumerate(tuning.sizes)]
    if has_spread:
        yield from _spreads(tuning, places, y_of)
    yield path(places, f"line{panel.color}")
    chosen = {panel.best: tuning.fastest if panel is _PANELS[0] else tuning.cheapest, _COMPROMISE: tuning.balanced}
    for index, (size, (x, y)) in enumerate(zip(tuning.sizes, places, strict=True)):
        names = [name for name, marked in chosen.items() if marked is size]
        value = f"{panel.value_of(size):.3g}" if panel is _PANELS[0] else f"${panel.value_of(size):.2f}"
        yield dot(x, y, f"dot{panel.color}", f"{size.memory_mib} MB: {value}" + "".join(f", {name}" for name in names))
        rows = [(value, "quiet small")] if names or len(places) <= _MOST_LABELS else []
        rows += [(name, "strong small") for name in names]
        above = _is_above(places, index) or y + 8 + 15 * len(rows) > panel.bottom
        # With many sizes, the label of the compromise is further away, because the best size may be its neighbor.
        lift = 34 if len(places) > _MOST_LABELS and names == [_COMPROMISE] else 0
        for row, (words, kind) in enumerate(rows):
            distance = 15 * row + lift
            yield text(x, y - 12 - distance if above else y + 20 + distance, words, kind, "middle")
        if index % math.ceil(len(places) / _MOST_LABELS) == 0:
            yield text(x, panel.bottom + 18, str(size.memory_mib), "quiet", "middle")


def _spreads(tuning: Tuning, places: Sequence[tuple[float, float]], y_of: Callable[[float], float]) -> Iterator[str]:
    """Yield an error bar for each size: from the fastest to the slowest round."""
    for size, (x, _) in zip(tuning.sizes, places, strict=True):
        if size.spread:
            low, high = map(y_of, size.spread)
            yield line(x, high, x, low, "axis")
            yield line(x - 5, high, x + 5, high, "axis")
            yield line(x - 5, low, x + 5, low, "axis")


def _is_above(places: Sequence[tuple[float, float]], index: int) -> bool:
    """Whether there is more space above a point than below."""
    neighbours = [places[i][1] for i in (index - 1, index + 1) if 0 <= i < len(places)]
    return not neighbours or sum(neighbours) / len(neighbours) >= places[index][1] - 1


def _x(tuning: Tuning, index: int) -> float:
    """Return the position of a size. Each size is about twice the previous one, and they are equally spaced."""
    last = max(1, len(tuning.sizes) - 1)
    return _LEFT + 72 + index / last * (WIDTH - _LEFT - _RIGHT - 144)


def _step(largest: float) -> float:
    """Return 1, 2 or 5 times a power of ten, with three to six steps up to the largest value."""
    power: float = 10 ** math.floor(math.log10(largest / 3)) if largest > 0 else 1.0
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if largest / (factor * power) <= 6)
