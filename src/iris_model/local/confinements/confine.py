"""Choose the confinement of a function's sandboxes from its settings."""

from __future__ import annotations

from iris_model.local.configuration.settings import FunctionSettings
from iris_model.local.confinements.confinement import Confinement
from iris_model.local.confinements.containers import ContainerConfinement
from iris_model.local.confinements.plain import PlainConfinement
from iris_model.local.confinements.strict import StrictConfinement
from iris_model.local.machine.host import Host


def confine(settings: FunctionSettings, *, host: Host, name: str, initialization_type: str) -> Confinement:
    """Return the confinement of a new sandbox, not yet opened. `name` must be unique."""
    if settings.sandbox.image is not None:
        return ContainerConfinement(settings, host=host, name=name, initialization_type=initialization_type)
    if settings.sandbox.strict and host.strict_works:
        return StrictConfinement(settings, host=host, name=name, initialization_type=initialization_type)
    return PlainConfinement(settings, host=host, name=name, initialization_type=initialization_type)
