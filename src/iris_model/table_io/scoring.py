"""Score columns, and separate the rows that the model refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from iris_model.engine.errors import InvalidInput
from iris_model.scoring.columns import Batch
from iris_model.scoring.core import BatchCore, join
from iris_model.scoring.outputs import column_names, flatten

from .records import Bad, Records


@dataclass
class Scored:
    """The answers of a block: one column per name, one cell per answered record. `places`: the indices of these records."""

    count: int
    names: list[str]
    columns: list[np.ndarray[Any, Any]]
    places: Sequence[int]
    kept: list[Any]
    bad: list[Bad] = field(default_factory=list)


def score(core: BatchCore, records: Records, methods: Sequence[str], *, tolerant: bool) -> Scored:
    """Compute the answers. `tolerant`: collect refused rows; else raise InvalidInput for the first one."""
    places = records.places()
    bad = list(records.bad)
    refused: dict[int, InvalidInput] = {}
    if tolerant:
        answers, refused = _answer_apart(core, records.batch, methods)
    else:
        sound = records.batch
        if bad:
            # The model may refuse an earlier row, which is then the first refused one.
            sound = sound.slice(0, sum(place < bad[0].place for place in places))
        try:
            answers = core.answer(sound, methods)
        except InvalidInput as error:
            row = None if error.row is None else places[error.row]
            raise InvalidInput(str(error), row=row, feature=error.feature) from None
        if bad:
            raise InvalidInput(bad[0].message, row=bad[0].place, feature=bad[0].feature)
    for row, refusal in refused.items():
        place = places[row]
        said = str(refusal).removeprefix("row 0: ").removeprefix("row 0, ")
        bad.append(Bad(place, records.lines[place], said, refusal.feature))
    if refused:
        places = [place for row, place in enumerate(places) if row not in refused]
    for each in bad:
        each.record = records.texts[each.place] if records.texts else ""
    names = [name for method, answer in zip(methods, answers) for name in column_names(method, answer, core.signature)]
    columns = [column for answer in answers for column in flatten(answer)]
    return Scored(records.count, names, columns, places, records.kept, sorted(bad, key=lambda each: each.place))


def _answer_apart(core: BatchCore, batch: Batch, methods: Sequence[str]) -> tuple[list[Any], dict[int, InvalidInput]]:
    """Return the answers for the rows that the model accepts, and the error of each row that it refuses."""
    refused: dict[int, InvalidInput] = {}
    found: list[list[Any]] = []
    start, size = 0, batch.count
    while start < batch.count:
        stop = min(start + size, batch.count)
        try:
            found.append(core.answer(batch.slice(start, stop), methods))
        except InvalidInput as error:
            if stop - start == 1:
                refused[start] = error
                start = stop
            else:
                size = max(1, (stop - start) // 2 if error.row is None else error.row)
            continue
        # Double the size each time, so that no more rows are scored twice than are answered.
        start, size = stop, 2 * size
    if not found:
        return [core.empty(method) for method in methods], refused
    return [join(list(parts)) for parts in zip(*found)], refused
