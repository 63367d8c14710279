"""Which confinement a function's sandboxes have: its settings decide."""

from __future__ import annotations

from iris_model.local.confinement import Confinement
from iris_model.local.containers import ContainerConfinement
from iris_model.local.host import Host
from iris_model.local.plain import PlainConfinement
from iris_model.local.settings import FunctionSettings
from iris_model.local.strict import StrictConfinement


def confine(settings: FunctionSettings, *, host: Host, name: str, initialization_type: str) -> Confinement:
    """The surroundings of a new sandbox, not yet made. `name` is its own."""
    if settings.sandbox.image is not None:
        return ContainerConfinement(settings, host=host, name=name, initialization_type=initialization_type)
    if settings.sandbox.strict and host.strict_works:
        return StrictConfinement(settings, host=host, name=name, initialization_type=initialization_type)
    return PlainConfinement(settings, host=host, name=name, initialization_type=initialization_type)
