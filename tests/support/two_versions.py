"""A function with its first version deployed, and the project of its second one: function URL, shared repository."""

from __future__ import annotations

from pathlib import Path

from tests.support.iris_project import other_model, write_iris_project
from tests.support.ministack_cloud import SHARED, Cloud, Pushed

FUNCTION_URL = f'repository = "{SHARED}"\nendpoint = "function-url"\n'


def deploy_first(cloud: Cloud, pushed: Pushed, directory: Path, name: str) -> tuple[Path, str]:
    """Deploy the first version; the project of the second one, and the address."""
    first = write_iris_project(directory / "first", name, settings=FUNCTION_URL)
    url = str(cloud.deploy_json(first, pushed.iris)["endpoint"])
    return write_iris_project(directory / "second", name, other_model(), settings=FUNCTION_URL), url
