"""Plot monthly cost over requests per day as SVG, both axes logarithmic, with break-evens marked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from iris_model.cost.break_even import RATES, BreakEven, Curve
from iris_model.cost.drawing import COLORS, clip, document, dot, line, path, text
from iris_model.errors import CostError

WIDTH, HEIGHT = 1160, 630
_LEFT, _RIGHT, _TOP, _BOTTOM = 96, 362, 104, 92
# Lines are distinguished by dashes as well as by color.
_DASHES = ("", "", "2 3", "9 3 2 3", "12 4", "5 2 1 2", "3 5", "14 3 3 3", "7 3")
_LEAST_USD, _MOST_USD = -2, 7
_LEGEND_STEP = 40


@dataclass(frozen=True)
class Frame:
    """The ranges of the axes: powers of ten, of requests a day and of US dollars."""

    first_rate: int
    last_rate: int
    first_usd: int
    last_usd: int

    def x(self, rate: float) -> float:
        """Return the position of a rate, which may be outside of the axis."""
        share = (math.log10(rate) - self.first_rate) / (self.last_rate - self.first_rate)
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT)

    def y(self, usd: Decimal) -> float:
        """Return the position of an amount; zero is far below the picture."""
        log = float(usd.log10()) if usd > 0 else self.first_usd - 1.0
        share = (log - self.first_usd) / (self.last_usd - self.first_usd)
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def render_plot(
    curves: Sequence[Curve],
    break_evens: Sequence[BreakEven],
    *,
    title: str,
    subtitle: str,
    footnotes: Sequence[str],
    requests_per_day: float,
    weak: frozenset[str] = frozenset(),
) -> str:
    """Return the picture. `curves[0]` is the baseline; `requests_per_day` is marked as today's rate.

    Names in `weak` get an asterisk, which a footnote should explain: they use a price from a weak source.
    """
    if all(usd is None for usd in curves[0].monthly):
        raise CostError(
            f"{curves[0].name} has an unknown price, so the others cannot be compared with it",
            remedy="Pass a price file that has it with --prices.",
        )
    drawn = [curve for curve in curves if any(value is not None for value in curve.monthly)]
    by_name = {each.name: each for each in break_evens}
    rates = {name: each.requests_per_day for name, each in by_name.items()}
    frame = choose_frame(drawn, [rates.get(curve.name) for curve in drawn], requests_per_day)
    # The baseline first, then the others by their break-even.
    drawn[1:] = sorted(drawn[1:], key=lambda curve: rates.get(curve.name) or math.inf)
    bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    parts = [
        text(_LEFT, 38, title, "title"),
        text(_LEFT, 62, subtitle, "quiet"),
        clip("axes", _LEFT, _TOP, right, bottom),
        *_axes(frame),
        *_now(frame, requests_per_day),
    ]
    # The baseline is drawn last, so that it is on top.
    for index, curve in reversed(list(enumerate(drawn))):
        parts += [_stroke(index, frame, points) for points in _pieces(curve)]
    for index, curve in enumerate(drawn):
        found = by_name.get(curve.name)
        for start, _ in found.spans if found is not None else ():
            usd = _at(drawn[0], start)
            if start > RATES[0] and usd is not None and _TOP <= frame.y(usd) <= bottom and frame.x(start) <= right:
                meaning = f"{curve.name}: cheaper from {show_rate(start)} a day"
                parts.append(dot(frame.x(start), frame.y(usd), f"dot{index % len(COLORS)}", meaning))
    for place, index in enumerate(_from_the_top(drawn, frame)):
        curve = drawn[index]
        parts += _legend(place, index, curve, by_name.get(curve.name), curve.name in weak)
    parts += [text(_LEFT, HEIGHT - 8 - 16 * i, words, "quiet small") for i, words in enumerate(reversed(footnotes))]
    return document(WIDTH, HEIGHT, f"{title}. {subtitle}", parts)


def choose_frame(curves: Sequence[Curve], break_evens: Sequence[float | None], requests_per_day: float) -> Frame:
    """Return the axes with all break-evens, today's rate, and one more power of ten if possible."""
    last = max([1e6, requests_per_day, *(each * 3 for each in break_evens if each is not None)])
    last_rate = min(math.ceil(math.log10(last)), round(math.log10(RATES[-1])))
    shown = [
        usd
        for curve in curves
        for rate, usd in zip(RATES, curve.monthly, strict=True)
        if usd and math.log10(rate) <= last_rate
    ]
    most = max(shown, default=Decimal(1))
    # Break-evens are well above the cost of one request, so lower amounts are not shown.
    least = max(Decimal(10) ** _LEAST_USD, min(shown, default=Decimal(1)))
    first_usd = math.floor(least.log10())
    return Frame(
        round(math.log10(RATES[0])), last_rate, first_usd, min(_MOST_USD, max(first_usd + 2, math.ceil(most.log10())))
    )


def show_rate(rate: float) -> str:
    """Return a rate with three digits, which is its precision."""
    unit = 10 ** max(0, math.floor(math.log10(rate)) - 2)
    return f"{round(rate / unit) * unit:,}"


def _axes(frame: Frame) -> Iterator[str]:
    bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    for exponent in range(frame.first_rate, frame.last_rate + 1):
        x = frame.x(10**exponent)
        yield line(x, _TOP, x, bottom, "grid")
        yield text(x, bottom + 20, _short(10**exponent), "quiet", "middle")
    for exponent in range(frame.first_usd, frame.last_usd + 1):
        usd = Decimal(10) ** exponent
        yield line(_LEFT, frame.y(usd), right, frame.y(usd), "grid")
        yield text(_LEFT - 8, frame.y(usd) + 4, f"${usd:,.0f}" if usd >= 1 else f"${usd:.2f}", "quiet", "end")
    yield line(_LEFT, bottom, right, bottom, "axis")
    yield text((_LEFT + right) / 2, bottom + 42, "requests a day", "quiet", "middle")
    yield text(24, (_TOP + bottom) / 2, "US dollars a month", "quiet", "middle", turn=-90)


def _now(frame: Frame, requests_per_day: float) -> Iterator[str]:
    """Yield the mark of today's rate, with its label above the frame."""
    x = frame.x(max(requests_per_day, RATES[0]))
    yield line(x, _TOP, x, HEIGHT - _BOTTOM, "now")
    label = f"{requests_per_day:,.0f} a day" if requests_per_day >= 1 else f"{requests_per_day:g} a day"
    yield text(min(max(x, _LEFT + 40), WIDTH - _RIGHT - 40), _TOP - 10, label, "strong", "middle")


def _stroke(index: int, frame: Frame, points: Sequence[tuple[float, Decimal]]) -> str:
    places = [(frame.x(rate), frame.y(usd)) for rate, usd in points]
    kind = f"line{index % len(COLORS)}"
    drawn = path(places, kind, _DASHES[index % len(_DASHES)], 3.5 if index == 0 else 2)
    return f'<g clip-path="url(#axes)">{drawn}</g>'


def _pieces(curve: Curve) -> Iterator[list[tuple[float, Decimal]]]:
    """Yield the known pieces of a curve, without its gaps."""
    pairs = zip(RATES, curve.monthly, strict=True)
    for is_known, piece in groupby(pairs, key=lambda pair: pair[1] is not None):
        if is_known:
            yield [(rate, usd) for rate, usd in piece if usd is not None]


def _from_the_top(curves: Sequence[Curve], frame: Frame) -> list[int]:
    """Return the order of the lines at the right edge, the most expensive first, unknown ones last."""
    at = max(index for index, rate in enumerate(RATES) if rate <= 10**frame.last_rate)
    unknown = Decimal(-1)
    monthly = [unknown if (usd := curve.monthly[at]) is None else usd for curve in curves]
    return sorted(range(len(curves)), key=lambda index: monthly[index], reverse=True)


def _legend(place: int, index: int, curve: Curve, found: BreakEven | None, is_weak: bool) -> Iterator[str]:
    x, y = WIDTH - _RIGHT + 22, _TOP + 8 + _LEGEND_STEP * place
    width = 3.5 if index == 0 else 2
    yield line(x, y, x + 30, y, f"line{index % len(COLORS)}", _DASHES[index % len(_DASHES)], width)
    yield text(x + 38, y + 4, curve.name + ("*" if is_weak else ""), "strong" if index == 0 else "")
    rate = None if found is None else found.requests_per_day
    if found is None:
        words = "baseline"
    elif rate is None:
        words = "never cheaper" if found.is_known else "not known"
    elif rate <= RATES[0]:
        words = "cheaper at any rate" if not found.dearer_again else "cheaper for few requests"
    else:
        words = f"cheaper from {show_rate(rate)} a day"
    yield text(x + 38, y + 20, words, "quiet small")


def _at(curve: Curve, rate: float) -> Decimal | None:
    """Return the amount between two neighboring rates, interpolated in logarithms."""
    for index, after in enumerate(RATES[1:], 1):
        low, high = curve.monthly[index - 1], curve.monthly[index]
        if rate <= after:
            if not low or not high:
                return high
            part = math.log(rate / RATES[index - 1]) / math.log(after / RATES[index - 1])
            return Decimal(math.exp((1 - part) * math.log(low) + part * math.log(high)))
    return None


def _short(number: int) -> str:
    for size, letter in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number // size}{letter}"
    return str(number)
