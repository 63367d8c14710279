"""The first measurement of a new project, for the card of `init`: size, cold start, and an estimate of the cost.

The function starts a few times in the local Lambda at the full speed of this machine, because at the CPU share of 128 MB
that would take seconds. The estimate of the cost divides its times by that share.
"""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from iris_model.contract.lambda_limits import MEMORY_PER_VCPU

if TYPE_CHECKING:
    from iris_model.cli.render.output import OnStep
    from iris_model.cost import Measurement

REQUESTS_PER_DAY, PATTERN = 500.0, "office-hours"
ARCHITECTURE, ENDPOINT = "x86_64", "http-api"
# The memory that `init` gives to a function with its own library.
ORIGINAL_MEMORY = 512
_IMPORT_SECONDS = 60


@dataclass(frozen=True)
class FirstStart:
    """`start_ms`: from the start of the process to the first answer, at full speed. Money in US dollars a month."""

    size_bytes: int
    starts: int
    start_ms: float
    warm_ms: float
    usd: Decimal | None
    library: str = ""
    import_ms: float | None = None
    """The time of importing the model's library alone; None if it was not measured."""
    original_usd: Decimal | None = None
    """What the function would cost at least with its library: its import at each cold start, and nothing else."""


def measure_first_start(project: Path, library: str, on_step: OnStep) -> FirstStart:
    """Package the project, start its function, and import the model's library. Raises IrisModelError."""
    from iris_model.cli.sources.function import find_function
    from iris_model.cli.tuning.measuring import measure_function
    from iris_model.cost import summarize_reports
    from iris_model.project import package_project

    packaged = package_project(project, on_step=on_step)
    is_compiled = packaged.executor == "compiled"
    on_step("Starting the function")
    settings = find_function(project, lambda step: None)
    starts = 3 if is_compiled else 1
    measured = summarize_reports(measure_function(settings, lambda step: None, cold_starts=starts, warm=3 * starts))
    import_ms = _measure_import(library, on_step) if is_compiled and library else None
    original = None
    if import_ms is not None:
        start = measured.warm_ms + import_ms
        original = replace(measured, memory_mib=ORIGINAL_MEMORY, init_ms=import_ms, cold_ms=start, cold_billed_ms=start)
    return FirstStart(
        packaged.size_bytes,
        starts,
        measured.cold_ms or 0.0,
        measured.warm_ms,
        _estimate(project, measured),
        library,
        import_ms,
        None if original is None else _estimate(project, original),
    )


def _measure_import(library: str, on_step: OnStep) -> float | None:
    """Return the milliseconds that importing a library takes in a new process; None if it cannot be imported."""
    on_step(f"Importing {library}")
    module = {"scikit-learn": "sklearn"}.get(library, library)
    program = (
        "import importlib, sys, time; began = time.perf_counter(); importlib.import_module(sys.argv[1]); "
        "print((time.perf_counter() - began) * 1000)"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-W", "ignore", "-c", program, module],
            capture_output=True, check=True, text=True, timeout=_IMPORT_SECONDS,
        )  # fmt: skip
        return float(done.stdout.split()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def _estimate(project: Path, measured: Measurement) -> Decimal | None:
    """Return US dollars a month. The times are divided by the CPU share of the memory size."""
    from iris_model import cost as costs
    from iris_model.cli.costs.surroundings import find_surroundings
    from iris_model.cost.function_costs import estimate_lambda

    share = min(1.0, measured.memory_mib / MEMORY_PER_VCPU)
    slowed = replace(
        measured,
        warm_ms=measured.warm_ms / share,
        warm_p99_ms=measured.warm_p99_ms / share,
        warm_billed_ms=float(math.ceil(measured.warm_ms / share)),
        cold_ms=(measured.cold_ms or 0.0) / share,
        cold_billed_ms=float(math.ceil((measured.cold_ms or 0.0) / share)),
        init_ms=(measured.init_ms or 0.0) / share,
    )
    around = find_surroundings(project, None, image_gb=None, payload_kb=1).surroundings
    workload = costs.Workload(
        REQUESTS_PER_DAY, costs.read_traffic(PATTERN), slowed, costs.read_prices(None), False, around
    )
    return estimate_lambda(workload, ARCHITECTURE, ENDPOINT).monthly
