"""The compiled model of a function, for the page of `serve`: evaluated and explained in the process of the service."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iris_model.contract.function_file import FUNCTION_FILE
from iris_model.contract.golden import read_golden_rows
from iris_model.errors import IrisModelError
from iris_model.local.configuration.page_sources import NotShown

if TYPE_CHECKING:
    from iris_model.engine import CompiledModel
    from iris_model.explanation import Explainer


class PageModel:
    """A compiled model. `background`: the rows that an explanation compares with; `origin`: whose rows these are."""

    def __init__(
        self,
        model: CompiledModel,
        explainer: Explainer | None,
        why_not: str,
        background: Sequence[Any],
        origin: str,
    ) -> None:
        self._model = model
        self._explainer = explainer
        self._why_not = why_not
        self._background = background
        self._origin = origin

    @property
    def why_not(self) -> str:
        """Why its answers cannot be explained; empty if they can."""
        return self._why_not

    def predict(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """Return the predictions, with the classes of the function's answers. Raises NotShown."""
        from iris_model.engine.errors import InvalidInput
        from iris_model.runtime.class_names import name_classes

        if "predict" not in self._model.outputs:
            raise NotShown("the model predicts nothing: it transforms rows")
        if self._model.own_steps:
            raise NotShown(
                f"the model has Python source ({', '.join(self._model.own_steps)}), which only the function runs"
            )
        try:
            found = self._model.predict(rows)
        except InvalidInput as error:
            raise NotShown(str(error)) from None
        return name_classes(found, self._model.signature) if "answer_classes" in self._model.signature else found

    def explain(self, row: Sequence[Any]) -> Mapping[str, Any]:
        """Return the explanation as JSON values, with the names of the columns. Raises NotShown."""
        from iris_model.engine.errors import InvalidInput
        from iris_model.explanation import NotExplained

        if self._explainer is None:
            raise NotShown(self._why_not)
        try:
            found = self._explainer.explain(row, self._background)
        except (NotExplained, InvalidInput) as error:
            raise NotShown(str(error)) from None
        names = [column["name"] for column in self._model.signature["columns"]]
        parts = [{"name": name, "value": value} for name, value in zip(names, found.contributions, strict=True)]
        return {**asdict(found), "contributions": parts, "background": self._origin}


def open_page_model(directory: Path, data: Path | None = None) -> PageModel | None:
    """Open the compiled model of a function directory; None if the function has another kind of model.

    `data`: the training rows of the project. Without them, or if they do not fit the model, explanations compare with the
    golden rows.
    """
    from iris_model.engine import load
    from iris_model.engine.errors import ModelFormatError
    from iris_model.explanation import Explainer, NotExplained

    try:
        described = json.loads((directory / FUNCTION_FILE).read_bytes())
        name = described["model"]
        if described["executor"] != "compiled":
            return None
        # Without `own_code`: the service is not confined as the sandboxes are, with --strict or in a container.
        model = load(str(directory / name))
    except (OSError, ValueError, LookupError, TypeError, ModelFormatError):
        return None
    try:
        explainer, why_not = Explainer(directory / name), ""
    except NotExplained as reason:
        explainer, why_not = None, str(reason)
    background, origin = _read_data(data, model) if data else [], "the sample rows"
    if not background:
        background, origin = _read_golden(directory), "the golden rows"
    if not background and not why_not:
        explainer, why_not = None, "there are no rows to compare with"
    return PageModel(model, explainer, why_not, background, origin)


def _read_data(path: Path, model: CompiledModel) -> list[list[Any]]:
    from iris_model.compiler.data import arrange, read_data

    try:
        return arrange(read_data(path), model.signature)
    except IrisModelError:
        return []


def _read_golden(directory: Path) -> list[list[Any]]:
    try:
        return [entry["row"] for entry in read_golden_rows(directory)]
    except (OSError, ValueError):
        return []
