"""A user's project: `iris-model.toml`, scaffolding, and packaging into a function directory.

The flow, one module for each stage:

    settings    iris-model.toml                   -> ProjectSettings       (table of keys: keys)
    sources     handler, its modules, `include`   -> the files of the user that travel
    executors   model file                        -> Executable: what answers, and why; the only stage that needs numpy
    package     all of that                       -> a function directory  (bytes: function_directory, bytecode)
    stamp       remembers the inputs, so that packaging again without a change does nothing

    scaffold    a model file, or nothing (iris)   -> a new project         (its wheel of this tool: wheel)

Nothing here prints; a caller that wants to show progress passes `on_step`. `scaffold` is imported by its own name: most
commands do without it.
"""

from iris_model.project.package import PackagedFunction, package_project
from iris_model.project.settings import SETTINGS_FILE, ProjectSettings, read_settings

__all__ = ["SETTINGS_FILE", "PackagedFunction", "ProjectSettings", "package_project", "read_settings"]
