"""The table of a step of feature-engine: its columns by name, replaced or extended as the step does."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from iris_model.readers.graph import Estimator, GraphBuilder, Reading, Value

REFUSED = Reading("", {})


@dataclass(frozen=True)
class Frame:
    """A value, and the names of its columns when the step was trained.

    A step does not read the columns that it hands on: they may be texts, which a later step drops.
    """

    builder: GraphBuilder
    names: Sequence[Any]
    value: Value

    def pick(self, columns: Sequence[Any]) -> Value:
        """Return the columns with these names. The step does not read the others."""
        places = [self.names.index(column) for column in columns]
        if places == list(range(self.value.width)):
            return self.value
        return self.builder.select_columns(self.value, places, ignores_others=True)

    def replaced(self, columns: Sequence[Any], made: Value) -> Reading:
        """Return the table with `made` in the places of these columns."""
        others = [name for name in self.names if name not in columns]
        if not others:
            order = [list(columns).index(name) for name in self.names]
            joined = made
        else:
            joined = self.builder.concat([self.pick(others), made], reads=False)
            after = [*others, *columns]
            order = [after.index(name) for name in self.names]
        if order != list(range(joined.width)):
            joined = self.builder.select_columns(joined, order, ignores_others=True)
        return _read(joined)

    def extended(self, made: Value | None, without: Collection[Any] = (), assigned: Collection[Any] = ()) -> Reading:
        """Return the table without some of its columns, followed by `made`.

        `assigned`: the names of the columns of `made`, if the step assigns them. A column with such a name is replaced.
        """
        taken = [name for name in assigned if name in self.names]
        if taken:
            self.builder.refuse(f"a step of feature-engine replaces the column {taken[0]!r} by its new one; rename it")
            return REFUSED
        kept = [name for name in self.names if name not in without]
        parts = [self.pick(kept)] if kept else []
        parts += [made] if made is not None and made.width else []
        if not parts:
            self.builder.refuse("a step of feature-engine returns no columns")
            return REFUSED
        return _read(self.builder.concat(parts, reads=False))


def _read(value: Value) -> Reading:
    return Reading("transformer", {"transform": value})


def open_frame(builder: GraphBuilder, estimator: Estimator, inputs: Value) -> Frame | None:
    """Return the table that a step gets, or None, with a refusal, if it has not the columns of training."""
    names = list(estimator.feature_names_in_)
    if len(names) != inputs.width:
        name = type(estimator).__name__
        builder.refuse(f"{name}: trained on {len(names)} columns; the step before it returns {inputs.width}")
        return None
    return Frame(builder, names, inputs)
