"""Converters of other distributions, found by entry points of the group `iris_model.readers`.

The name of an entry point is the top-level package of a library, and its value is a `Plugin`. A plug-in can only use the
operators of the engine, and each compiled model is compared with the original, so a wrong one is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata

from iris_model.errors import IrisModelError

from .graph import Estimator, Reader
from .libraries import LIBRARIES, Library, find_version, installed_version

GROUP = "iris_model.readers"


class PluginError(IrisModelError):
    """An installed plug-in cannot be loaded, or its table has a wrong form."""


@dataclass(frozen=True)
class Plugin:
    """The converters for the classes of one library.

    `distribution`: the name of the library for pip. `oldest` and `before`: the supported versions, from `oldest` on and, if
    given, below `before`. `readers`: full class name, with the module that defines the class -> converter.
    `trusted`: full names of other classes that a pickle of these models may name.
    """

    distribution: str
    oldest: tuple[int, ...]
    readers: Mapping[str, Reader]
    before: tuple[int, ...] | None = None
    trusted: tuple[str, ...] = ()

    @property
    def library(self) -> Library:
        """The library as `libraries` describes its own."""
        return Library(self.distribution, self.oldest, before=self.before)


def find_plugin(name: str) -> Plugin | None:
    """Return the plug-in for the library of a full class name, or None. Raises PluginError."""
    package = name.partition(".")[0]
    return None if package in LIBRARIES else _find(package)


@cache
def _find(package: str) -> Plugin | None:
    # Only those of this library: a broken or slow plug-in of another one must not stop this model.
    found = [_load(entry) for entry in metadata.entry_points(group=GROUP, name=package)]
    return found[-1] if found else None


def find_plugin_reader(name: str) -> Reader | None:
    """Return the converter that a plug-in has for the full class name, or None."""
    plugin = find_plugin(name)
    return plugin.readers.get(name) if plugin else None


def is_trusted_by_plugin(name: str) -> bool:
    """Whether a plug-in says that a pickle may name this class of its library, and create objects of it."""
    plugin = find_plugin(name)
    return plugin is not None and (name in plugin.readers or name in plugin.trusted)


def find_library(estimator: Estimator) -> Library | None:
    """Return the library of an object, from our own table or from a plug-in. None if it is unknown."""
    package = type(estimator).__module__.partition(".")[0]
    plugin = find_plugin(package)
    return plugin.library if plugin else LIBRARIES.get(package)


def library_of(estimator: Estimator) -> tuple[str, str]:
    """Return the library of an object and its installed version; ("", "") for an unknown one."""
    library = find_library(estimator)
    return (library.distribution, find_version(library.distribution)) if library else ("", "")


def find_version_problem(estimator: Estimator) -> str | None:
    """Return why the installed version of the estimator's library is not supported, or None."""
    library = find_library(estimator)
    if library is None:
        return None
    here = installed_version(library.distribution)
    version = find_version(library.distribution)
    if library.before is not None and here >= library.before:
        before = ".".join(map(str, library.before))
        return f"{library.distribution} {version} is not supported; train the model with a version before {before}"
    if here >= library.oldest:
        return None
    oldest = ".".join(map(str, library.oldest))
    return f"{library.distribution} {version} is not supported; train the model with {oldest} or newer"


def _load(entry: metadata.EntryPoint) -> Plugin:
    origin = f"the plug-in {entry.value!r} ({entry.dist.name if entry.dist else 'an unknown distribution'})"
    remedy = "Upgrade or uninstall it." if entry.dist is None else f"pip uninstall {entry.dist.name}"
    try:
        plugin = entry.load()
    except (Exception, SystemExit) as error:
        raise PluginError(f"{origin} cannot be loaded: {type(error).__name__}: {error}", remedy=remedy) from error
    if not isinstance(plugin, Plugin):
        raise PluginError(
            f"{origin} is a {type(plugin).__name__}; expected a {Plugin.__module__}.{Plugin.__qualname__}",
            remedy=remedy,
        )
    if entry.name in LIBRARIES:
        raise PluginError(f"{origin} is for {entry.name}, whose converters are part of iris-model", remedy=remedy)
    foreign = [name for name in (*plugin.readers, *plugin.trusted) if not name.startswith(f"{entry.name}.")]
    if foreign:
        raise PluginError(f"{origin} names {foreign[0]!r}, which is not in its library {entry.name!r}", remedy=remedy)
    return plugin
