"""Run a step of the user's own: Python source inside the compiled model (`iris_model.step`).

The model runs it only if it was opened with `own_code`, because a file with source can do anything.
"""

from hashlib import sha256 as digest_of
from types import ModuleType

from iris_model.engine.errors import InvalidInput
from iris_model.engine.json_text import make_decoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from iris_model.contract.signature import Cell

    # Takes rows, returns rows.
    Answer = Callable[[list[list[Cell]]], Sequence[Sequence[object]]]

NAN = float("nan")
INFINITY = float("inf")


def run_own_step(
    rows: "list[list[Cell]]",
    *,
    source: str,
    sha256: str,
    name: str,
    state: "str | None",
    columns: "Sequence[dict[str, object]]",
    memo: "dict[str, Answer] | None" = None,
) -> "list[list[Cell]]":
    """Return the rows that the step answers, asked for one row at a time: no answer may depend on other rows.

    `state`: the attributes of an object of the class `name` as JSON, or None for a function. As text, because the JSON of
    a graph is sorted, and dictionaries have an order. `columns`: one for each column of the answer, with `strict` if the
    next step takes no missing cell, and `finite` if it takes no infinity. Raises InvalidInput, which names the row, if
    the step raises.
    """
    kept = {} if memo is None else memo
    if "answer" not in kept:
        kept["answer"] = _open(source, sha256, name, state)
    answer = kept["answer"]
    table = []
    for index, row in enumerate(rows):
        try:
            found = answer([[_as_given(cell) for cell in row]])
            cells = [_as_taken(cell) for cell in found[0]]
            if len(found) != 1 or len(cells) != len(columns):
                raise TypeError(f"it answered {len(found)} rows of {len(cells)} cells; expected 1 of {len(columns)}")
        except Exception as error:
            raise InvalidInput(
                f"row {index}: the step {name!r} failed: {type(error).__name__}: {error}", row=index
            ) from None
        for cell, column in zip(cells, columns):
            if (column.get("strict") and cell != cell) or (column.get("finite") and cell in (INFINITY, -INFINITY)):
                raise InvalidInput(
                    f"row {index}: the step {name!r} answered {cell!r}, which the next step does not take", row=index
                )
        table.append(cells)
    return table


def _open(source: str, sha256: str, name: str, state: "str | None") -> "Answer":
    if digest_of(source.encode()).hexdigest() != sha256:
        raise TypeError(f"the source of the step {name!r} does not have its digest")
    names = vars(ModuleType(name))
    # The user marked this code, and the compiler compared its answers; `own_code` says that this model is theirs.
    exec(compile(source, f"<step {name}>", "exec"), names)  # noqa: S102
    found = names[name]
    if state is None:
        return found  # type: ignore[no-any-return]
    made = found.__new__(found)
    made.__dict__.update(make_decoder()(state))
    return made.transform  # type: ignore[no-any-return]


def _as_given(cell: "Cell") -> "Cell":
    """Return a cell as steps take it: float, str, or None if it is missing."""
    if type(cell) is str:
        return cell
    return None if cell is None or cell != cell else float(cell)


def _as_taken(cell: object) -> "Cell":
    """Return a cell as the next operator takes it."""
    if isinstance(cell, str):
        return str(cell)
    if cell is None or cell != cell:
        return NAN
    if not isinstance(cell, (bool, int, float)):
        raise TypeError(f"it answered a {type(cell).__name__}; expected numbers, strings or None")
    return float(cell)
