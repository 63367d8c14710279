"""From a project and one of its stages to what the `aws` room deploys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from iris_model.errors import IrisModelError
from iris_model.project.settings import ProjectSettings, read_settings
from iris_model.project.stages import list_stages

if TYPE_CHECKING:
    from iris_model.aws.calls import Aws
    from iris_model.aws.deployment import Deployment
    from iris_model.aws.session import BotoTransport

Command = TypeVar("Command", bound=Callable[..., Any])

EXTRA = "aws"

project_argument = click.argument("project", type=click.Path(path_type=Path), default=".")
stage_option = click.option("--stage", metavar="NAME", help="Deploy as [stages.NAME] of iris-model.toml says.")


def aws_options(command: Command) -> Command:
    """Add --profile and --region."""
    command = click.option("--region", help="Region of AWS, in place of the one that is configured.")(command)
    return click.option("--profile", help="Profile of AWS, in place of AWS_PROFILE.")(command)


def connect(profile: str | None, region: str | None) -> tuple[BotoTransport, Aws]:
    """Reach AWS with the user's ordinary credentials."""
    require_extra()
    from iris_model.aws.calls import Aws
    from iris_model.aws.session import BotoTransport

    transport = BotoTransport(profile, region)
    transport.find_credentials()
    return transport, Aws(transport)


def read_deployment(project: Path, stage: str | None) -> tuple[ProjectSettings, Deployment]:
    """Read the settings of a stage, and make a deployment of them."""
    require_extra()
    from iris_model.aws.deployment import Cors, Deployment, Endpoint, Jwt, Throttling

    settings = read_settings(project, stage)
    http, on_aws = settings.http, settings.deployment
    names: dict[str, Any] = {
        name: getattr(on_aws, name) for name in on_aws.__dataclass_fields__ if name not in ("region", "tags", "secrets")
    }
    return settings, Deployment(
        function=settings.name,
        memory=settings.memory,
        timeout=settings.timeout,
        architecture=settings.architecture,
        environment=dict(settings.environment),
        secrets=dict(on_aws.secrets),
        tags=dict(on_aws.tags),
        endpoint=Endpoint(
            kind=http.endpoint,
            auth=http.auth,
            route=settings.route,
            more_routes=http.more_routes,
            stage=settings.stage,
            cors=Cors(**asdict(http.cors)) if http.cors else None,
            throttling=Throttling(**asdict(http.throttling)),
            jwt=Jwt(**asdict(http.jwt)) if http.jwt else None,
        ),
        **names,
    )


def list_other_functions(project: Path, deployment: Deployment) -> list[str]:
    """List the functions of the other stages: they run from the same repository."""
    names = [read_deployment(project, stage)[1].function for stage in (None, *list_stages(project))]
    return [name for name in names if name != deployment.function]


def require_extra() -> None:
    """Say how to get what AWS needs, where it is not installed: most commands do without it."""
    from importlib.util import find_spec

    missing = [name for module, name in (("boto3", "boto3"), ("yaml", "PyYAML")) if find_spec(module) is None]
    if missing:
        raise IrisModelError(
            f"{' and '.join(missing)} must be installed for this, and here it is not",
            remedy=f"Install it: pip install 'iris-model[{EXTRA}]'",
        )
