"""Monthly cost against requests per day, both axes logarithmic, break-evens marked: curves in, the text of an SVG out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from xml.sax.saxutils import escape

from iris_model.cost.break_even import RATES, BreakEven, Curve

WIDTH, HEIGHT = 1020, 560
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 290, 64, 60
# Told apart by colour and by dash: the first is Lambda's. Okabe and Ito, "Color Universal Design" (2008), without the yellow.
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#7a5c00", "#4d4d4d", "#3a86c8", "#a33b00")
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "12 4", "5 2 1 2", "3 5", "14 3 3 3")
_LEAST_USD, _MOST_USD = Decimal("0.01"), Decimal("100000")

_STYLE = """
svg { font: 13px system-ui, sans-serif; background: #fff; color: #1f2328 }
text { fill: currentColor } .quiet { fill: #59636e } .grid { stroke: #d9dee3 } .title { font-size: 17px; font-weight: 600 }
.curve { fill: none; stroke-width: 2 } .now { stroke: #59636e; stroke-dasharray: 3 4 }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117; color: #e6edf3 } .quiet { fill: #9aa4af } .grid { stroke: #2b3138 } .now { stroke: #9aa4af }
}
""".strip()


def render_plot(
    curves: Sequence[Curve], break_evens: Sequence[BreakEven], *, title: str, requests_per_day: float
) -> str:
    """The picture. `curves[0]` is what the others are compared with; `requests_per_day` is marked as today's rate."""
    drawn = [curve for curve in curves if any(value is not None for value in curve.monthly)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">',
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="{_LEFT}" y="30">{escape(title)}</text>',
        *_axes(),
    ]
    x = _x(requests_per_day)
    parts.append(f'<line class="now" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}"/>')
    parts.append(f'<text class="quiet" x="{x + 5:.1f}" y="{_TOP + 13}">{requests_per_day:,.0f} a day</text>')
    for index, curve in enumerate(drawn):
        color, dash = _COLORS[index % len(_COLORS)], _DASHES[index % len(_DASHES)]
        points = " ".join(f"{_x(rate):.1f},{_y(usd):.1f}" for rate, usd in _visible(curve))
        parts.append(f'<polyline class="curve" stroke="{color}" stroke-dasharray="{dash}" points="{points}"/>')
        y = _TOP + 8 + 22 * index
        x0 = WIDTH - _RIGHT + 16
        parts.append(
            f'<line x1="{x0}" x2="{x0 + 26}" y1="{y}" y2="{y}" stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        parts.append(f'<text x="{x0 + 33}" y="{y + 4}">{escape(curve.name)}</text>')
    by_name = {each.name: each.requests_per_day for each in break_evens}
    for index, curve in enumerate(drawn):
        rate = by_name.get(curve.name)
        usd = _at(curves[0], rate) if rate is not None else None
        if rate is not None and usd is not None and _LEAST_USD <= usd <= _MOST_USD:
            color = _COLORS[index % len(_COLORS)]
            parts.append(
                f'<circle cx="{_x(rate):.1f}" cy="{_y(usd):.1f}" r="4.5" fill="{color}">'
                f"<title>{escape(curve.name)}: cheaper from {rate:,.0f} a day</title></circle>"
            )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _axes() -> Iterator[str]:
    bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    for exponent in range(int(math.log10(RATES[0])), int(math.log10(RATES[-1])) + 1):
        x = _x(10**exponent)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}"/>'
        yield f'<text class="quiet" x="{x:.1f}" y="{bottom + 20}" text-anchor="middle">{_short(10**exponent)}</text>'
    for exponent in range(int(_LEAST_USD.log10()), int(_MOST_USD.log10()) + 1):
        usd = Decimal(10) ** exponent
        y = _y(usd)
        yield f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        label = f"${usd:,.0f}" if usd >= 1 else f"${usd}"
        yield f'<text class="quiet" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
    middle = (_LEFT + right) / 2
    yield f'<text class="quiet" x="{middle}" y="{HEIGHT - 14}" text-anchor="middle">requests per day</text>'
    yield f'<text class="quiet" x="{_LEFT}" y="{_TOP - 10}">US dollars per month</text>'


def _visible(curve: Curve) -> list[tuple[float, Decimal]]:
    pairs = zip(RATES, curve.monthly, strict=True)
    return [(rate, usd) for rate, usd in pairs if usd is not None and _LEAST_USD <= usd <= _MOST_USD]


def _at(curve: Curve, rate: float) -> Decimal | None:
    """On the line between the two rates beside it, in logarithms."""
    for index, after in enumerate(RATES[1:], 1):
        low, high = curve.monthly[index - 1], curve.monthly[index]
        if rate <= after and low is not None and high is not None:
            if not low or not high:
                return high
            part = math.log(rate / RATES[index - 1]) / math.log(after / RATES[index - 1])
            return Decimal(math.exp((1 - part) * math.log(low) + part * math.log(high)))
    return None


def _x(rate: float) -> float:
    span = math.log10(RATES[-1] / RATES[0])
    return _LEFT + math.log10(max(rate, RATES[0]) / RATES[0]) / span * (WIDTH - _LEFT - _RIGHT)


def _y(usd: Decimal) -> float:
    span = float((_MOST_USD / _LEAST_USD).log10())
    return HEIGHT - _BOTTOM - float((usd / _LEAST_USD).log10()) / span * (HEIGHT - _TOP - _BOTTOM)


def _short(number: int) -> str:
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number // size}{letter}"
    return str(number)
