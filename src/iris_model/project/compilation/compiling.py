"""Compile one model file in a confined process, for `iris-model compile`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_model.project.compilation.confined import run_confined


@dataclass(frozen=True)
class Compiled:
    """A verified compiled model: the bytes of its file, and its report as text."""

    data: bytes
    signature: Mapping[str, Any]
    source: Mapping[str, Any]
    report: str
    summary: str


def compile_confined(model: Path, data: Path | None, trust: Sequence[str]) -> Compiled:
    """Compile `model`, verified with generated rows and the rows of the CSV file `data`. Raises what compile_model raises."""

    def make() -> bytes:
        from iris_model.compiler import compile_model

        compilation = compile_model(model, data=data, trust=trust)
        report = compilation.report
        told = [compilation.signature, compilation.source, str(report), report.summary()]
        head = json.dumps(told).encode()
        return b"%d\n%b%b" % (len(head), head, compilation.data)

    size, _, rest = run_confined(make).partition(b"\n")
    signature, source, report, summary = json.loads(rest[: int(size)])
    return Compiled(rest[int(size) :], signature, source, str(report), str(summary))
