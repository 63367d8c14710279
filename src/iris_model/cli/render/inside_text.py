"""The content of a model file as lines of `inspect`: steps, columns, answer, trees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from iris_model.cli.render.output import show_size

_MOST_NAMES = 8


def describe_inside(inside: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines; one line with the reason if the model was not opened."""
    if "problem" in inside:
        yield f"inside    not known: {inside['problem']}"
        return
    for number, step in enumerate(inside["steps"]):
        name = "  " * step["depth"] + step["class"].rpartition(".")[2]
        verdict = "compiles" if step["compiles"] else "; ".join(step["reasons"])
        yield f"{'steps' if number == 0 else '':9} {name:<32} {verdict}"
    columns = [
        f"{each['name']} ({each['kind']})" if each["kind"] != "numeric" else each["name"] for each in inside["columns"]
    ]
    if columns:
        yield f"columns   {len(columns)}: {_join(columns)}"
    if inside["classes"] and not isinstance(inside["classes"][0], list):
        yield f"classes   {len(inside['classes'])}: {_join(list(map(str, inside['classes'])))}"
    elif inside["classes"]:
        yield f"classes   {len(inside['classes'])} outputs with {', '.join(str(len(each)) for each in inside['classes'])} classes"
    if inside["outputs"]:
        yield f"outputs   {', '.join(inside['outputs'])}"
    if inside["trees"]:
        yield f"trees     {inside['trees']:,} with {inside['tree_nodes']:,} nodes"
    if inside["compiled_bytes"]:
        yield f"compiled  {show_size(inside['compiled_bytes'])} of parameters"


def _join(names: list[str]) -> str:
    return ", ".join(names[:_MOST_NAMES]) + (
        f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    )
