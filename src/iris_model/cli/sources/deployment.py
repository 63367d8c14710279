"""Convert a project and one of its stages to the `Deployment` of the `aws` package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from iris_model.errors import IrisModelError
from iris_model.project.configuration.settings import ProjectSettings, read_settings
from iris_model.project.configuration.stages import list_stages

if TYPE_CHECKING:
    from iris_model.aws.client.calls import Aws
    from iris_model.aws.client.session import BotoTransport
    from iris_model.contract.deployment import Deployment

Command = TypeVar("Command", bound=Callable[..., Any])

EXTRA = "aws"

project_argument = click.argument("project", type=click.Path(path_type=Path), default=".")
stage_option = click.option("--stage", metavar="NAME", help="Stage to use: the table [stages.NAME] of iris-model.toml.")


def aws_options(command: Command) -> Command:
    """Add --profile and --region."""
    command = click.option("--region", help="AWS region. Overrides the configured one.")(command)
    return click.option("--profile", help="AWS profile. Overrides AWS_PROFILE.")(command)


def connect(profile: str | None, region: str | None) -> tuple[BotoTransport, Aws]:
    """Return a transport that uses the user's AWS credentials."""
    require_extra()
    from iris_model.aws.client.calls import Aws
    from iris_model.aws.client.session import BotoTransport

    transport = BotoTransport(profile, region)
    transport.find_credentials()
    return transport, Aws(transport)


def read_deployment(project: Path, stage: str | None) -> tuple[ProjectSettings, Deployment]:
    """Read the settings of a stage as a `Deployment`."""
    require_extra()
    settings = read_settings(project, stage)
    return settings, settings.deployment


def list_other_functions(project: Path, deployment: Deployment) -> list[str]:
    """Return the functions of the other stages, which use the same repository."""
    names = [read_deployment(project, stage)[1].function for stage in (None, *list_stages(project))]
    return [name for name in names if name != deployment.function]


def require_extra() -> None:
    """Explain how to install the extra `aws`, which only some commands need."""
    from importlib.util import find_spec

    missing = [name for module, name in (("boto3", "boto3"), ("yaml", "PyYAML")) if find_spec(module) is None]
    if missing:
        raise IrisModelError(
            f"{' and '.join(missing)} must be installed for this command",
            remedy=f"pip install 'iris-model[{EXTRA}]'",
        )
