"""What a reload needs to know of a function. Apart from `reload`, which imports what only it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iris_model.local.settings import FunctionSettings


@dataclass(frozen=True)
class ReloadPlan:
    """What to watch, and how to build: the settings of the function as its sources are now."""

    sources: tuple[Path, ...]
    rebuild: Callable[[], FunctionSettings]
