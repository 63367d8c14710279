"""The elementary functions: near the exact value, and the same bits in Python, in the C kernels and in the native runtime."""

from __future__ import annotations

import array
import decimal
import math
import platform
import random
import shutil
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from iris_model.engine import elementary
from iris_model.engine.native import find_kernels
from iris_model.engine.operators.activations import exponential
from tests.native.building import ENGINE
from tests.support.requirement import skip_unless_ci

FUNCTIONS = ENGINE / "csrc" / "functions"
PROGRAM = """
#include "elementary.h"
#include <stdio.h>
int main(int count, char **words) {
    double x;
    (void)count;
    while (fread(&x, sizeof x, 1, stdin) == 1) {
        switch (words[1][0]) {
        case 'a': x = elementary_exp(x); break;
        case 'b': x = elementary_exp2(x); break;
        case 'c': x = elementary_expm1(x); break;
        case 'd': x = elementary_log(x); break;
        case 'e': x = elementary_log1p(x); break;
        case 'f': x = elementary_tanh(x); break;
        case 'g': x = elementary_erf(x); break;
        }
        fwrite(&x, sizeof x, 1, stdout);
    }
    return 0;
}
"""
EDGES = [
    0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 1e-310, 709.782712893384, 709.7827128933841, -745.2,
    -745.133, -708.4, -746.0, -746.1, 1e308, -1e308, 1.0, -1.0, 0.5, 2.0, 22.0, 1e-9, -0.29, 0.41, 2.2250738585072014e-308,
    6.0, 5.999999999999999, 1.9999999999999998, 1023.999, 1024.0, -1074.0, -1074.5, -1075.0, -1080.0,
]  # fmt: skip
Draw = Callable[[random.Random], float]


def exp_minus_one(x: Decimal) -> Decimal:
    return x.exp() - 1


def error_function(x: Decimal) -> Decimal:
    total = term = x
    for number in range(1, 400):
        term *= -x * x / number
        total += term / (2 * number + 1)
    return total * 2 / Decimal("3.141592653589793238462643383279502884197169399375105820974944592").sqrt()


# Name -> letter in PROGRAM, arguments, the exact value (decimal rounds exp and ln correctly), the largest error in ULP.
TABLE: dict[str, tuple[str, Draw, Callable[[Decimal], Decimal], float]] = {
    "exp": ("a", lambda r: r.choice([r.uniform(-750, 709), r.uniform(-2, 2)]), Decimal.exp, 0.6),
    "exp2": ("b", lambda r: r.choice([r.uniform(-1080, 1023), r.uniform(-3, 3)]), lambda x: Decimal(2) ** x, 0.8),
    "expm1": ("c", lambda r: r.choice([r.uniform(-45, 709), r.uniform(-2, 2), 10 ** r.uniform(-300, 0)]), exp_minus_one, 1),
    "log": ("d", lambda r: r.choice([10 ** r.uniform(-320, 308), r.uniform(1e-3, 3)]), Decimal.ln, 0.8),
    "log1p": ("e", lambda r: r.choice([10 ** r.uniform(-300, 300), r.uniform(-0.999, 3)]), lambda x: (1 + x).ln(), 0.8),
    "tanh": (
        "f",
        lambda r: r.choice([r.uniform(-25, 25), r.uniform(-1.2, 1.2), -(10 ** r.uniform(-300, 0))]),
        lambda x: exp_minus_one(2 * x) / (exp_minus_one(2 * x) + 2),
        2.5,
    ),
    "erf": (
        "g",
        lambda r: r.choice([r.uniform(-6.5, 6.5), r.uniform(-2.1, 2.1), 10 ** r.uniform(-300, 0)]),
        error_function,
        5,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_the_error_is_small(name: str) -> None:
    _, draw, exact, most = TABLE[name]
    chosen = random.Random(name)
    with decimal.localcontext(prec=360, Emin=-2000, Emax=2000):
        for _ in range(60):
            x = draw(chosen)
            found = getattr(elementary, name)(x)
            wanted = exact(Decimal(x))
            assert abs(Decimal(found) - wanted) <= Decimal(most) * Decimal(math.ulp(float(wanted))), x


def in_python(name: str, x: float) -> float:
    """The function, with C's values where Python raises an error."""
    try:
        result: float = getattr(elementary, name)(x)
    except OverflowError:
        return math.inf
    except ValueError:
        return -math.inf if x == {"log": 0.0, "log1p": -1.0}[name] else math.nan
    return result


def compile_program(directory: Path, flags: list[str]) -> Path:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        skip_unless_ci("there is no C compiler")
    (directory / "program.c").write_text(PROGRAM)
    command = [compiler, "-std=gnu11", *flags, "-ffp-contract=off", f"-I{FUNCTIONS}", str(directory / "program.c")]
    subprocess.run([*command, str(FUNCTIONS / "elementary.c"), "-lm", "-o", str(directory / "program")], check=True)
    return directory / "program"


def check_bits(program: Path, name: str, count: int) -> None:
    letter, draw, _, _ = TABLE[name]
    chosen = random.Random(f"bits of {name}")
    values = array.array("d", [*EDGES, *(draw(chosen) for _ in range(count))])
    run = subprocess.run([program, letter], input=values.tobytes(), capture_output=True, check=True)
    made = array.array("d", run.stdout)
    assert len(made) == len(values)
    for x, found in zip(values, made):
        wanted = in_python(name, x)
        same = math.isnan(found) if math.isnan(wanted) else found.hex() == wanted.hex()
        assert same, (name, x.hex(), found, wanted)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_program(tmp_path_factory.mktemp("elementary"), ["-O2"])


@pytest.mark.parametrize("name", TABLE)
def test_c_and_python_have_the_same_bits(program: Path, name: str) -> None:
    check_bits(program, name, 500)


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLE)
def test_a_compiler_that_may_fuse_gives_the_same_bits(tmp_path: Path, name: str) -> None:
    flags = ["-O3", "-march=native"] if platform.machine() in ("x86_64", "aarch64") else ["-O3"]
    check_bits(compile_program(tmp_path, flags), name, 200_000)


def test_the_kernels_have_the_same_exponential() -> None:
    kernels = find_kernels()
    if kernels is None:
        skip_unless_ci("there are no kernels")
    chosen = random.Random("kernels")
    rows = [[chosen.uniform(-745, 709)] for _ in range(500)] + [[chosen.uniform(-3, 3)] for _ in range(500)]
    # The number of "exponential" in csrc/links.c.
    found = kernels.map_rows(rows, 6, 1.0)
    assert [[cell.hex() for cell in row] for row in found] == [
        [cell.hex() for cell in row] for row in exponential(rows)
    ]
