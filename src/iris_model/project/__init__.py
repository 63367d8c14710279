"""A user's project: `iris-model.toml`, scaffolding, and packaging into a function directory.

    iris-model.toml                 -> ProjectSettings                     (configuration)
    model file                      -> Executable: the executor, and why   (packaging/executors, compilation)
    handler, modules, requirements  -> the user's files in the function    (packaging/sources, dependencies)
    all of that                     -> a function directory                (packaging)
    a model file, or nothing        -> a new project                       (scaffold)

Nothing here prints; a caller that shows progress passes `on_step`. Import `scaffold` directly, because most commands do
not need it.
"""

from iris_model.contract.file_names import SETTINGS_FILE
from iris_model.project.configuration.settings import ProjectSettings, read_settings
from iris_model.project.packaging.package import PackagedFunction, package_project

__all__ = ["SETTINGS_FILE", "PackagedFunction", "ProjectSettings", "package_project", "read_settings"]
