"""Record the estimators that a converter reads, one inside the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar, cast

Read = TypeVar("Read", bound=Callable[..., Any])


@dataclass
class Step:
    """One estimator inside a model. `depth`: 0 for the model itself. `reasons`: why it itself does not compile."""

    depth: int
    cls: type
    reasons: list[str] = field(default_factory=list)


@dataclass
class _Record:
    steps: list[Step] = field(default_factory=list)
    depth: int = 0


_records: list[_Record] = []


@contextmanager
def recorded_steps() -> Iterator[list[Step]]:
    """Record every estimator that is read in the `with` block, in order, each before its inner ones."""
    record = _Record()
    _records.append(record)
    try:
        yield record.steps
    finally:
        _records.remove(record)


def recorded(read: Read) -> Read:
    """Return the method of a builder that reads an estimator, with the record of it."""

    @wraps(read)
    def record(builder: Any, estimator: Any, inputs: Any) -> Any:
        with _step(type(estimator), builder.reasons):
            return read(builder, estimator, inputs)

    return cast(Read, record)


@contextmanager
def _step(cls: type, reasons: list[str]) -> Iterator[None]:
    """Record an estimator while it is read. `reasons`: the list that refusals are added to."""
    if not _records:
        yield
        return
    record = _records[-1]
    step = Step(record.depth, cls)
    record.steps.append(step)
    known, inner = len(reasons), len(record.steps)
    record.depth += 1
    try:
        yield
    finally:
        record.depth -= 1
        told = [reason for each in record.steps[inner:] for reason in each.reasons]
        step.reasons = [reason for reason in reasons[known:] if reason not in told]
