"""Time and cost over memory size, one above the other: a tuning in, the text of an SVG out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from xml.sax.saxutils import escape

from iris_model.cost.tuning import TunedCost, Tuning

WIDTH, HEIGHT = 760, 520
_LEFT, _RIGHT = 92, 28
# Top and bottom of the two panels.
_PANELS = ((70, 250), (300, 460))
_COMPROMISE = "best compromise"
_STYLE = """
svg { font: 13px system-ui, sans-serif; background: #fff; color: #1f2328 }
text { fill: currentColor } .quiet { fill: #59636e } .grid { stroke: #d9dee3 } .title { font-size: 17px; font-weight: 600 }
.curve { fill: none; stroke-width: 2 } .time { stroke: #0072b2 } .cost { stroke: #b34700 }
.time.dot { fill: #0072b2 } .cost.dot { fill: #b34700 }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117; color: #e6edf3 } .quiet { fill: #9aa4af } .grid { stroke: #2b3138 }
  .time { stroke: #58a6e8 } .cost { stroke: #e8935a } .time.dot { fill: #58a6e8 } .cost.dot { fill: #e8935a }
}
""".strip()


def render_tuning_plot(tuning: Tuning, *, title: str) -> str:
    """The picture. Each axis begins at zero, so that a difference looks as large as it is."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">',
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="{_LEFT}" y="30">{escape(title)}</text>',
        *_panel(tuning, 0, "time", "milliseconds, warm", lambda size: size.warm_ms),
        *_panel(tuning, 1, "cost", "US dollars per million", lambda size: float(size.usd_per_million)),
        f'<text class="quiet" x="{(_LEFT + WIDTH - _RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">memory, MB</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _panel(tuning: Tuning, number: int, kind: str, label: str, value_of: Callable[[TunedCost], float]) -> Iterator[str]:
    top, bottom = _PANELS[number]
    step = _step(max(map(value_of, tuning.sizes)))
    ceiling = step * math.ceil(max(map(value_of, tuning.sizes)) / step)
    yield f'<text class="quiet" x="{_LEFT}" y="{top - 10}">{label}</text>'

    def y_of(value: float) -> float:
        return bottom - value / ceiling * (bottom - top)

    for index in range(round(ceiling / step) + 1):
        y = y_of(index * step)
        yield f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="quiet" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{index * step:.4g}</text>'
    places = [(_x(tuning, index), y_of(value_of(size))) for index, size in enumerate(tuning.sizes)]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline class="curve {kind}" points="{points}"/>'
    marks = {"fastest": tuning.fastest} if kind == "time" else {"cheapest": tuning.cheapest}
    marks[_COMPROMISE] = tuning.balanced
    for size, (x, y) in zip(tuning.sizes, places, strict=True):
        yield f'<circle class="{kind} dot" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
        # The compromise above its point, the other below, so that neighbours do not write over each other.
        for name, marked in marks.items():
            if marked is size:
                place = max(y - 10, top + 4) if name == _COMPROMISE else min(y + 20, bottom - 5)
                yield f'<text x="{x:.1f}" y="{place:.1f}" text-anchor="middle">{name}</text>'
        yield f'<text class="quiet" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{size.memory_mib}</text>'


def _x(tuning: Tuning, index: int) -> float:
    """Sizes double or so from one to the next; they stand at equal distances."""
    last = max(1, len(tuning.sizes) - 1)
    return _LEFT + 24 + index / last * (WIDTH - _LEFT - _RIGHT - 48)


def _step(largest: float) -> float:
    """1, 2 or 5 of some power of ten, with three to six of them up to the largest value."""
    power: float = 10 ** math.floor(math.log10(largest / 3)) if largest > 0 else 1.0
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if largest / (factor * power) <= 6)
