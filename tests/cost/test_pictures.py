"""Both pictures, read by an XML parser: their contents and positions."""

import math
import re
from dataclasses import replace
from decimal import Decimal
from functools import cache
from xml.etree import ElementTree

import pytest

from iris_model.cost import (
    PATTERNS,
    Curve,
    Measurement,
    Workload,
    find_break_evens,
    make_curves,
    read_prices,
    render_plot,
)
from iris_model.cost.break_even import RATES
from iris_model.cost.drawing import DARK, for_print
from iris_model.cost.plot import show_rate
from iris_model.cost.tuning import TunedSize, choose_size
from iris_model.cost.tuning_plot import _PANELS, render_tuning_plot
from iris_model.errors import CostError

SVG = "{http://www.w3.org/2000/svg}"
BASELINE = "Lambda x86_64, HTTP API"
WIDE_LETTER = 7.3  # pixels, in the mean, of the widest usual font (DejaVu Sans, 13 px)


@cache
def drawn_cost(**changes):
    measured = Measurement(128, 9, 8.5, 9.7, 55, 55.0, 22, 60, 5)
    workload = replace(
        Workload(
            500,
            PATTERNS["office-hours"],
            measured,
            read_prices(),
            original=replace(measured, memory_mib=512),
            library=measured,
        ),
        **changes,
    )
    curves = make_curves(workload)
    break_evens = find_break_evens(workload, curves, BASELINE)
    names = [BASELINE, f"{BASELINE}, original", f"{BASELINE}, provisioned", "EC2 t4g.micro", "SageMaker serverless"]
    by_name = {curve.name: curve for curve in curves}
    text = render_plot(
        [by_name[name] for name in names],
        break_evens,
        title="a < b & c",
        subtitle='"quoted"',
        footnotes=["one", "two"],
        requests_per_day=workload.requests_per_day,
        weak=frozenset({"SageMaker serverless"}),
    )
    return ElementTree.fromstring(text), {each.name: each for each in break_evens}, by_name


def words(root):
    return [element.text for element in root.iter(f"{SVG}text")]


def test_words_of_the_cost_picture():
    root, break_evens, _ = drawn_cost()
    found = words(root)
    assert {"a < b & c", '"quoted"', "one", "two", "500 a day", "EC2 t4g.micro", "SageMaker serverless*"} <= set(found)
    rate = break_evens["EC2 t4g.micro"].requests_per_day
    assert f"cheaper from {show_rate(rate)} a day" in found
    assert found[found.index(f"{BASELINE}, original") + 1] == "never cheaper"


def test_the_legend_has_the_order_of_the_lines():
    """From top to bottom, at the right edge."""
    root, _, curves = drawn_cost()
    found = words(root)
    names = [word.rstrip("*") for word in found if word.rstrip("*") in curves]
    assert len(names) == 5
    last = max(rate for label, rate in {"1M": 1e6, "10M": 1e7, "100M": 1e8, "1B": 1e9}.items() if label in found)
    at = RATES.index(last)
    usd = [curves[name].monthly[at] for name in names]
    assert usd == sorted(usd, reverse=True)
    places = {element.text: float(element.get("y")) for element in root.iter(f"{SVG}text")}
    assert [places[word] for word in found if word.rstrip("*") in curves] == sorted(
        places[word] for word in found if word.rstrip("*") in curves
    )


def test_break_evens_lie_where_the_axes_say():
    root, break_evens, curves = drawn_cost()
    ticks = {element.text: float(element.get("x")) for element in root.iter(f"{SVG}text") if element.get("x")}
    per_decade = (ticks["1M"] - ticks["1k"]) / 3
    levels = {element.text: float(element.get("y")) - 4 for element in root.iter(f"{SVG}text")}
    usd_decade = levels["$10"] - levels["$100"]
    for circle in root.iter(f"{SVG}circle"):
        name = circle.find(f"{SVG}title").text.partition(":")[0]
        rate = break_evens[name].requests_per_day
        assert float(circle.get("cx")) == pytest.approx(ticks["1k"] + math.log10(rate / 1000) * per_decade, abs=0.2)
        nearest = min(range(len(RATES)), key=lambda i: abs(math.log(RATES[i] / rate)))
        usd = float(curves[BASELINE].monthly[nearest])
        assert float(circle.get("cy")) == pytest.approx(levels["$10"] - math.log10(usd / 10) * usd_decade, abs=5)
    assert len(list(root.iter(f"{SVG}circle"))) >= 2


@pytest.mark.parametrize(
    "changes",
    [
        {},
        pytest.param({"requests_per_day": 1.0}, marks=pytest.mark.slow),
        pytest.param({"requests_per_day": 9e8}, marks=pytest.mark.slow),
        pytest.param({"free_tier": True}, marks=pytest.mark.slow),
    ],
)
def test_text_stays_inside_the_picture(changes):
    root, _, _ = drawn_cost(**changes)
    width, height = float(root.get("width")), float(root.get("height"))
    for element in root.iter(f"{SVG}text"):
        if element.get("transform"):
            continue
        x, y, length = float(element.get("x")), float(element.get("y")), len(element.text) * WIDE_LETTER
        left = x - {"middle": length / 2, "end": length}.get(element.get("text-anchor"), 0)
        assert left >= 0 and left + length <= width
        assert 10 <= y <= height - 4


def test_free_of_charge_is_below_the_axis_and_no_error():
    root, _, _ = drawn_cost(free_tier=True)
    assert root.findall(f".//{SVG}polyline")


def test_a_gap_in_a_curve_stays_a_gap():
    root, _, by_name = drawn_cost()
    whole = len(root.findall(f".//{SVG}polyline"))
    broken = list(by_name["EC2 t4g.micro"].monthly)
    broken[60] = None
    curves = [by_name[BASELINE], replace(by_name["EC2 t4g.micro"], monthly=tuple(broken))]
    text = render_plot(curves, [], title="t", subtitle="s", footnotes=[], requests_per_day=1)
    assert len(ElementTree.fromstring(text).findall(f".//{SVG}polyline")) == 3 < whole


def test_nothing_to_compare_with_is_no_picture():
    nothing = Curve("one", (None,) * len(RATES))
    with pytest.raises(CostError, match="one has an unknown price"):
        render_plot([nothing], [], title="t", subtitle="s", footnotes=[], requests_per_day=1)


def test_printed_without_the_colours_of_a_dark_page():
    curve = Curve("one", tuple(Decimal(1) for _ in RATES))
    text = render_plot([curve], [], title="t", subtitle="s", footnotes=[], requests_per_day=1)
    assert DARK in text and "prefers-color-scheme" not in for_print(text)
    used = set(re.findall(r'class="([^"]+)"', text))
    rules = for_print(text)
    assert all(f".{name}" in rules for kinds in used for name in kinds.split())


def test_lines_have_contrast_in_light_and_dark_mode():
    from iris_model.cost.drawing import COLORS

    for light, dark in COLORS:
        # WCAG 2.2, 1.4.11: graphics have a contrast of 3 to 1.
        assert contrast(light, "#ffffff") >= 3
        assert contrast(dark, "#0d1117") >= 3


def contrast(one, other):
    first, second = sorted((luminance(one), luminance(other)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("rate", "shown"), [(1.0, "1"), (165_482.3, "165,000"), (999_600, "1,000,000"), (12.6, "13")])
def test_rates_have_three_digits(rate, shown):
    assert show_rate(rate) == shown


def tuned(*pairs):
    base = Measurement(128, 1, 1.0, 1, None, None, 20, 10, 0)
    sizes = [
        TunedSize(memory, replace(base, memory_mib=memory, warm_ms=ms, warm_billed_ms=max(1, round(ms))))
        for memory, ms in pairs
    ]
    return choose_size(sizes, read_prices(), "x86_64")


USUAL = [(128, 700), (256, 345), (512, 180), (1024, 90), (1769, 50), (3008, 50)]


@pytest.mark.parametrize("pairs", [USUAL, USUAL[:1], [(128, 0.2), (256, 0.1)]])
def test_the_tuning_picture_has_every_size(pairs):
    root = ElementTree.fromstring(render_tuning_plot(tuned(*pairs), title="a < b", subtitle="x86_64"))
    found = words(root)
    for memory, _ in pairs:
        assert found.count(str(memory)) == 2
    assert {"a < b", "x86_64", "fastest", "cheapest", "best compromise"} <= set(found)


@pytest.mark.parametrize("pairs", [USUAL, [(128 * size, 900 / size) for size in range(1, 25)]])
def test_labels_of_the_tuning_picture_do_not_collide(pairs):
    root = ElementTree.fromstring(render_tuning_plot(tuned(*pairs), title="t", subtitle="s"))
    boxes = []
    for element in root.iter(f"{SVG}text"):
        x, y, length = float(element.get("x")), float(element.get("y")), len(element.text) * 7.0
        left = x - {"middle": length / 2, "end": length}.get(element.get("text-anchor"), 0)
        boxes.append((left, y - 10, left + length, y + 2, element.text))
    for index, one in enumerate(boxes):
        for other in boxes[index + 1 :]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart, (one, other)


def test_amounts_of_the_tuning_picture_are_those_of_the_table():
    tuning = tuned(*USUAL)
    found = words(ElementTree.fromstring(render_tuning_plot(tuning, title="t", subtitle="s")))
    for size in tuning.sizes:
        assert f"${size.usd_per_million.quantize(Decimal('0.01'))}" in found


def test_the_axis_of_money_has_dollars():
    milliseconds, dollars = _PANELS
    assert [milliseconds.tick(each) for each in (0, 0.5, 15)] == ["0", "0.5", "15"]
    assert [dollars.tick(each) for each in (0, 0.2, 1, 20, 0.002)] == ["$0", "$0.20", "$1.00", "$20", "$0.002"]
