"""The first measurement of a new project as lines of the card of `init`, or as JSON values."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from iris_model.cli.render.output import show_size
from iris_model.contract.lambda_limits import MEMORY_PER_VCPU

if TYPE_CHECKING:
    from iris_model.cli.costs.first_start import FirstStart


def describe_first_start(first: FirstStart, memory: int) -> Iterator[str]:
    """Yield the lines about size, start and cost, with what was measured and what is an estimate."""
    yield f"Size      {show_size(first.size_bytes)} of function directory"
    tries = f"median of {first.starts} starts" if first.starts > 1 else "one start"
    yield (
        f"Start     {first.start_ms:.0f} ms from the start of the process to its first answer, then {first.warm_ms:.1f} ms "
        f"({tries} here, at full speed; {memory} MB get {_share(memory)} of a vCPU)"
    )
    if first.import_ms is not None:
        yield f"          {first.import_ms:.0f} ms for importing {first.library} alone, which this function does not need"
    if first.usd is not None:
        than = f", at least ${first.original_usd:.2f} with {first.library}" if first.original_usd is not None else ""
        yield f"Cost      about ${first.usd:.2f} a month at 500 requests a day{than} (an estimate; iris-model cost measures)"


def measured_document(first: FirstStart) -> dict[str, Any]:
    """Return the same as JSON values."""
    return {
        name: str(value) if isinstance(value, Decimal) else value for name, value in dataclasses.asdict(first).items()
    }


def _share(memory: int) -> str:
    return f"{min(1.0, memory / MEMORY_PER_VCPU):.0%}"
