"""Which confinement a function's sandboxes have: its settings decide."""

from __future__ import annotations

from iris_model.local.confinement import Confinement
from iris_model.local.host import Host
from iris_model.local.plain import PlainConfinement
from iris_model.local.settings import FunctionSettings


def confine(settings: FunctionSettings, *, host: Host, name: str, initialization_type: str) -> Confinement:
    """The surroundings of a new sandbox, not yet made. `name` is its own."""
    return PlainConfinement(settings, host=host, name=name, initialization_type=initialization_type)
