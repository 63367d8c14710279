"""`iris-model status`: show what is deployed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from iris_model.cli.render.output import echo_json, json_option
from iris_model.cli.sources.built_archive import find_built_archive
from iris_model.cli.sources.deployed_image import find_built, find_built_runtime
from iris_model.cli.sources.deployment import (
    aws_options,
    connect,
    project_argument,
    read_deployment,
    stage_option,
)
from iris_model.cli.terminal import echo


@click.command()
@project_argument
@stage_option
@aws_options
@json_option
def status(project: Path, stage: str | None, profile: str | None, region: str | None, as_json: bool) -> None:
    """Show the deployed version, image, state and alarm.

    \b
    Example:
      iris-model status --stage prod
    """
    settings, deployment = read_deployment(project, stage)
    transport, aws = connect(profile, region or settings.deployment.region)
    from iris_model.aws.state.status import read_status
    from iris_model.aws.verification.endpoint import public_url

    found = read_status(aws, deployment)
    archive = find_built_archive(project) if deployment.is_zip else None
    if deployment.is_zip:
        built, runtime = (archive.digest, archive.runtime) if archive else (None, None)
    else:
        built, runtime = find_built(project), find_built_runtime(project)
    runtime = runtime if built == found.digest else None
    url = public_url(found.endpoint, transport.endpoint_url("lambda"))
    if as_json:
        echo_json(
            {**asdict(found), "weights": dict(found.weights), "endpoint": url, "built": built, "runtime": runtime}
        )
        return
    shares = "".join(f", version {number} {share:.0%}" for number, share in found.weights.items())
    rows = [
        ("function", f"{found.function} in {aws.region}"),
        ("state", found.state + (f": {found.remark}" if found.remark else "")),
        ("live", f"version {found.version}{shares}" + ("" if found.version == found.newest else f"; newest {found.newest}")),
        ("verified", f"version {found.accepted}" if found.accepted else "no version: deploy was interrupted; run it again"),
        ("archive" if deployment.is_zip else "image", found.digest + (", as built here" if built == found.digest else "")),
        ("runtime", "native, without Python" if runtime == "native" else runtime),
        ("built", f"{built}, not deployed" if built not in (None, found.digest) else ""),
        ("changed", found.last_modified),
        ("stack", f"{deployment.stack}, {found.stack}" + (f": {found.stack_remark}" if found.stack_remark else "")),
        ("settings", "as in iris-model.toml" if found.settings_match else "not as in iris-model.toml: deploy --plan shows it"),
        ("alarm", found.alarm or "none"),
        ("endpoint", url or "none"),
    ]  # fmt: skip
    for name, value in rows:
        if value:
            echo(f"{name:<10}{value}")
