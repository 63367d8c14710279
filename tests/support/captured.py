"""Compile captured estimators, and compare their answers with the original's on the captured rows.

`python -m tests.support.captured RESULTS SECONDS FILE...` writes one line of JSON for each file: what came of it and why.
"""

from __future__ import annotations

import json
import math
import pickle
import re
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from iris_model.compiler import compile_model
from iris_model.engine import InvalidInput, load
from iris_model.errors import IrisModelError
from iris_model.readers import offered_methods

MEMORY = 4 << 30
# The library's own message when an exception of another kind was caught while it propagated.
FOREIGN = "cannot be read: "
# What the compiler says where it blames itself.
MISTAKE = "please report this bug"


class TooLong(BaseException):
    """More time than a capture has."""


def judge(path: Path) -> tuple[str, str]:
    """The result of one capture (exact, refused, wrong, foreign, mistake, too long, skipped), and the reason."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            estimator, sample = pickle.loads(path.read_bytes())
        except Exception as error:
            return "skipped", f"cannot be opened here: {type(error).__name__}"
        if not offered_methods(estimator):
            return "skipped", "there is nothing to ask it for a new row"
        try:
            compiled = _compile(estimator, sample)
        except IrisModelError as error:
            if MISTAKE in str(error):
                return "mistake", f"{type(error).__name__}: {error}"
            said = str(error).replace("this model cannot be compiled:\n  - ", "").partition("\n")[0]
            return ("foreign" if FOREIGN in said else "refused"), f"{type(error).__name__}: {said}"
        except (Exception, RecursionError) as error:
            return "foreign", f"{type(error).__name__}: {error}"
        return _compare(compiled, estimator, sample)


def _compile(estimator: Any, sample: Any) -> bytes:
    try:
        return compile_model(estimator).data
    except IrisModelError as error:
        rows = _rows(sample, {})
        if rows is None or not re.search("--data|Name them", str(error)):
            raise
        return compile_model(estimator, data=rows).data


def _rows(sample: Any, signature: dict[str, Any]) -> list[Any] | None:
    """The captured rows as a request has them; None if they are of no kind that is known here."""
    if isinstance(sample, list) and sample and isinstance(sample[0], str):
        return [[one] for one in sample]
    if isinstance(sample, list) and sample and isinstance(sample[0], dict):
        # Names are texts in a request; a vectorizer makes the same of a number.
        sample = [{str(name): value for name, value in one.items()} for one in sample]
        return [
            [_cell(one.get(column["name"]), is_numeric=True) for column in signature.get("columns", ())]
            for one in sample
        ]
    if isinstance(sample, list) and sample and not hasattr(sample[0], "__iter__"):
        return None  # labels, for the encoder of a target
    if hasattr(sample, "toarray"):
        sample = sample.toarray()
    if isinstance(sample, list) and any(isinstance(cell, str) for row in sample for cell in row):
        sample = np.array(sample, object)  # else its numbers would become texts
    table = sample.to_numpy(dtype=object) if hasattr(sample, "iloc") else np.asarray(sample)
    if table.ndim != 2 or not len(table):
        return None
    if table.dtype.kind in "iubf":
        table = table.astype(np.float64)
    numeric = [column["kind"] == "numeric" for column in signature.get("columns", ())] or [False] * table.shape[1]
    return [[_cell(cell, is_numeric=one) for cell, one in zip(row, numeric, strict=True)] for row in table.tolist()]


def _cell(cell: Any, *, is_numeric: bool) -> Any:
    """A cell as a request has it: a truth value is 1 or 0 where a number is expected, as the engine's refusal says."""
    return None if _is_missing(cell) else float(cell) if is_numeric and isinstance(cell, bool | np.bool_) else cell


def _is_missing(cell: Any) -> bool:
    return (
        cell is None or (isinstance(cell, float) and math.isnan(cell)) or type(cell).__name__ in ("NAType", "NaTType")
    )


def _compare(data: bytes, estimator: Any, sample: Any) -> tuple[str, str]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "model.safetensors"
        path.write_bytes(data)
        model = load(str(path))
    try:
        rows = _rows(sample, dict(model.signature))
    except (TypeError, ValueError):
        rows = None
    asked = sample
    if rows is not None and getattr(sample, "dtype", None) is not None and np.dtype(sample.dtype).kind in "iubf":
        # Requests have numbers of 64 bits.
        asked = np.array([[np.nan if cell is None else cell for cell in row] for row in rows], np.float64)
    for method in model.outputs:
        try:
            expected = _plain(getattr(estimator, method)(asked))
            if type(estimator).__module__.startswith("catboost") and method == "predict":
                # It puts the label of a row into a list of its own.
                expected = [one[0] if isinstance(one, list) and len(one) == 1 else one for one in expected]
        except Exception:
            continue  # the original does not answer its own sample: nothing to compare
        if rows is None:
            continue
        is_label = model.signature["outputs"][method]["kind"] == "label"
        for batch in ([rows], [[row] for row in rows[:6]]):
            try:
                answers = [answer for part in batch for answer in getattr(model, method)(part)]
            except InvalidInput as error:
                if error.problem == "undecided":
                    continue
                return "wrong", f"{method} is refused: {error}"
            if problem := _difference(answers, expected[: len(answers)], is_label):
                return "wrong", f"{method}: {problem}"
    return "exact", ""


def _plain(answers: Any) -> Any:
    if isinstance(answers, list):
        return [list(cells) for cells in zip(*map(_plain, answers), strict=True)]
    answers = answers.toarray() if hasattr(answers, "toarray") else answers
    answers = answers.to_numpy() if hasattr(answers, "to_numpy") else answers
    return answers.tolist()


def _difference(answers: list[Any], expected: list[Any], is_label: bool) -> str:
    if is_label:
        if answers == expected and [type(one) for one in answers] == [type(one) for one in expected]:
            return ""
        return f"{answers!r:.160} for {expected!r:.160}"
    if _shape(answers) != _shape(expected):
        return f"shape {_shape(answers)!r:.80} for {_shape(expected)!r:.80}"
    try:
        ours, right = (np.array(list(_leaves(part)), np.float64) for part in (answers, expected))
    except (TypeError, ValueError):
        return f"{answers!r:.160} for {expected!r:.160}"
    finite = np.isfinite(right)
    size = np.abs(right[finite]).max(initial=0.0)
    same = np.isclose(ours, right, rtol=1e-6, atol=1e-9 * size + 1e-12, equal_nan=True)
    if same.all():
        return ""
    worst = int(np.argmin(same))
    return f"{ours[worst]!r} for {right[worst]!r} ({int((~same).sum())} of {len(same)} numbers)"


def _shape(answer: Any) -> Any:
    """Rows of several targets are ragged: a list of probabilities for each."""
    return [_shape(part) for part in answer] if isinstance(answer, list) else None


def _leaves(answer: Any) -> Iterator[Any]:
    if isinstance(answer, list):
        for part in answer:
            yield from _leaves(part)
    else:
        yield answer


def _stop(*_: Any) -> None:
    raise TooLong


def main(results: Path, seconds: float, files: list[Path]) -> None:
    """Judge each file; a line for each, written before the next."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, _stop)
    for path in files:
        with results.open("a") as out:
            # Until it is known better: a crash of the process leaves this.
            print(json.dumps([path.name, "begun", ""]), file=out)
        begun = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            outcome, why = judge(path)
        except TooLong:
            outcome, why = "too long", f"more than {seconds:g} s"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        with results.open("a") as out:
            print(json.dumps([path.name, outcome, why, round(time.monotonic() - begun, 2)]), file=out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
