"""The part of `function.json` that depends on the settings of a project."""

from __future__ import annotations

from dataclasses import asdict

from iris_model.contract.endpoint import Endpoint
from iris_model.contract.event_source import describe_events
from iris_model.contract.function_file import FUNCTION_FORMAT, DescribedEndpoint, FunctionFileSettings
from iris_model.project.configuration.settings import ProjectSettings
from iris_model.project.packaging.interpreters import RUNNING_PYTHON


def describe_settings(settings: ProjectSettings) -> FunctionFileSettings:
    """Return the settings as they are in `function.json`."""
    deployment = settings.deployment
    local_events = describe_events(deployment.events, has_batch=deployment.batch is not None, local=True)
    described = FunctionFileSettings(
        format=FUNCTION_FORMAT,
        name=settings.name,
        handler=settings.handler,
        python=target_python(settings),
        architecture=settings.architecture,
        memory=settings.memory,
        timeout=settings.timeout,
        route=settings.route,
        stage=settings.stage,
        http=_describe_endpoint(settings.endpoint),
        reserved_concurrency=deployment.reserved_concurrency,
        log_format={"text": "Text", "json": "JSON"}[deployment.log_format],
        environment=dict(sorted({**deployment.environment, **local_events}.items())),
    )
    if deployment.log_lines == "errors":
        described["system_log_level"] = "WARN"
    if settings.labels:
        described["labels"] = dict(settings.labels)
    if settings.runtime == "native":
        described["runtime"] = settings.runtime
    return described


def target_python(settings: ProjectSettings) -> str:
    """Return the Python version of the function: from the settings, otherwise the running one."""
    return settings.python or RUNNING_PYTHON


def _describe_endpoint(endpoint: Endpoint) -> DescribedEndpoint:
    return DescribedEndpoint(
        endpoint=endpoint.kind,
        auth=endpoint.auth,
        cors=asdict(endpoint.cors) if endpoint.cors else None,
        throttling=asdict(endpoint.throttling),
        more_routes=list(endpoint.more_routes),
    )
