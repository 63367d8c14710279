"""Numbers as the kernels read and write them, against Python's `float` and `repr`: the same bits, the same letters."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import math
import random
import struct
from collections.abc import Iterator
from decimal import Decimal, localcontext
from pathlib import Path

import pytest

kernels = pytest.importorskip("iris_model.engine._kernels", reason="the kernels were not built (no C compiler)")

REPOSITORY = Path(__file__).resolve().parents[2]
LARGEST = 1.7976931348623157e308

HARD = [
    *(
        0.0,
        -0.0,
        1.0,
        -1.0,
        5e-324,
        2.2250738585072014e-308,
        2.225073858507201e-308,
        LARGEST,
        1e16,
        1e15,
        123456789012345.0,
    ),
    *(9999999999999998.0, 1e-4, 1e-5, 9.999999999999999e22, 1e23, 5.684341886080802e-14, 2.0**-44, 9007199254740993.0),
    *(0.1, 0.3, 2 / 3, 1e22, 1e21, 123e-7, 4.35, 0.000123, 1.7976931348623155e308, 299792458.0, 8.5e-320),
]
HARD_TEXTS = [
    "2.2250738585072011e-308",
    "2.2250738585072012e-308",
    "9007199254740992.5",
    "9007199254740993.0",
    "9007199254740993." + "0" * 900 + "1",
    "1.7976931348623158e308",
    "0." + "0" * 400 + "1",
    "0." + "0" * 400 + "1e390",
    "1" + "0" * 400 + ".0e-395",
    "2.4703282292062327e-324",
    "2.4703282292062328e-324",
    "24703282292062327208" + "0" * 30 + ".5e-373",
    "0e999999999999",
    "0.0e-999999999999",
    "1e-99999999999",
    "8.988465674311579538646525953945123668089884894711532863671504057886e307",
]


def numbers(seed: int, count: int) -> Iterator[float]:
    """Finite doubles of all kinds: any bits, subnormal, whole, with few digits, powers of two, of float32."""
    source = random.Random(seed)

    def any_bits() -> float:
        return float(struct.unpack("<d", source.randbytes(8))[0])

    kinds = [
        any_bits,
        any_bits,
        source.random,
        lambda: source.gauss(0, 100),
        lambda: float(struct.unpack("<d", struct.pack("<Q", source.getrandbits(52) >> source.randrange(52)))[0]),
        lambda: float(source.randrange(10 ** source.randrange(1, 23))),
        lambda: round(source.uniform(-100, 100), source.randrange(8)),
        lambda: math.ldexp(1.0, source.randrange(-1074, 1024)),
        lambda: float(f"{source.randrange(1, 100_000)}e{source.randrange(-325, 300)}"),
        lambda: float(struct.unpack("<f", struct.pack("<I", source.getrandbits(31) % 0x7F800000))[0]),
    ]
    while count:
        value = source.choice(kinds)()
        if math.isfinite(value):
            count -= 1
            yield value


def texts(seed: int, count: int) -> Iterator[str]:
    """Decimal numbers with a point or an exponent: short, with hundreds of digits, half way between two doubles."""
    source = random.Random(seed)
    for value in numbers(seed, count):
        kind = source.randrange(6)
        if kind == 0:
            yield f"{value:.{source.randrange(40)}e}"
        elif kind == 1:
            yield f"{source.uniform(-1e5, 1e5):.{source.randrange(1, 30)}f}"
        elif kind == 2 and abs(value) < 1e308:
            with localcontext(prec=1100):
                half = (Decimal(value) + Decimal(math.nextafter(value, math.inf))) / 2
                digits = f"{half:e}"
                mantissa, _, exponent = digits.partition("e")
                rest = source.choice(["", "0", "0" * source.randrange(60) + "1"]) if "." in mantissa else ""
            yield f"{mantissa}{rest}e{exponent}"
        elif kind == 3:
            yield f"{source.getrandbits(source.randrange(1, 200))}.5e{source.randrange(-350, 250)}"
        elif kind == 4:
            yield f"0.{'0' * source.randrange(320)}{source.getrandbits(source.randrange(1, 200))}"
        else:
            yield f"{value!r}"


def written(values: list[float]) -> list[str]:
    made: str = kernels.write_rows(values, None, ["", ""], "\n", "null", repr)
    return made.split("\n")


def read(cells: list[str]) -> list[float]:
    made = kernels.read_csv(",".join(cells), 0, bytes(len(cells)), LARGEST)
    assert made is not None, cells
    return memoryview(made[1]).cast("d").tolist()


def check(seed: int, count: int) -> None:
    values = list(numbers(seed, count))
    assert written(values) == list(map(repr, values))
    cells = [text for text in texts(seed, count) if abs(float(text)) <= LARGEST]
    wrong = [
        text
        for value, text in zip(read(cells), cells, strict=True)
        if struct.pack("d", value) != struct.pack("d", float(text))
    ]
    assert wrong == []


def test_hard_numbers() -> None:
    values = [*HARD, *[-value for value in HARD]]
    assert written(values) == list(map(repr, values))
    cells = [text for text in HARD_TEXTS if abs(float(text)) <= LARGEST]
    cells += list(map(repr, values))
    assert [struct.pack("d", value) for value in read(cells)] == [struct.pack("d", float(text)) for text in cells]


@pytest.mark.parametrize("seed", range(1))
def test_random_numbers(seed: int) -> None:
    check(seed, 20_000)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 110))
def test_a_million_numbers(seed: int) -> None:
    check(seed, 100_000)


def test_every_power_of_two_and_ten() -> None:
    values = [math.ldexp(1.0, power) for power in range(-1074, 1024)] + [
        float(f"1e{power}") for power in range(-323, 309)
    ]
    values += [math.nextafter(value, 0.0) for value in values] + [math.nextafter(value, math.inf) for value in values]
    values = [value for value in values if math.isfinite(value)]
    assert written(values) == list(map(repr, values))
    assert read(list(map(repr, values))) == values


@pytest.mark.parametrize(
    "text", ["1_0", "nan", "inf", "-Infinity", "0x10", "1e", "1e+", ".", "-", "+", "1.2.3", "--1", "1 2", "١", "1e400"]
)
def test_non_finite_numbers_are_left_to_python(text: str) -> None:
    assert kernels.read_csv(text, 0, b"\0", LARGEST) is None


def test_powers_of_ten_are_those_that_the_script_computes() -> None:
    script = REPOSITORY / "scripts" / "powers-of-ten"
    loader = importlib.machinery.SourceFileLoader("powers_of_ten", str(script))
    spec = importlib.util.spec_from_loader("powers_of_ten", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    assert module.TARGET.read_text() == module.render()
