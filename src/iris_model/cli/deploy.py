"""`iris-model deploy`: a project on AWS, verified."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iris_model.cli.deployed_image import choose_image
from iris_model.cli.deployment import (
    aws_options,
    connect,
    list_other_functions,
    project_argument,
    read_deployment,
    stage_option,
)
from iris_model.cli.interruption import ended_as_by_ctrl_c
from iris_model.cli.output import OnStep, echo_json, json_option, progress
from iris_model.project import package_project

if TYPE_CHECKING:
    from iris_model.aws.calls import Aws
    from iris_model.aws.deploy import Ask, Outcome, Wanted
    from iris_model.aws.deployment import Deployment
    from iris_model.aws.golden import GoldenRow
    from iris_model.aws.plan import Step
    from iris_model.aws.session import BotoTransport

SOMETHING_TO_DO = 2
LEAST_CANARY_MINUTES = 5
TOKEN_VARIABLE = "IRIS_MODEL_TOKEN"  # noqa: S105 - the name of a variable


@click.command()
@project_argument
@stage_option
@aws_options
@click.option(
    "--image",
    metavar="IMAGE",
    help="A layout or an archive (docker save), an image of any registry, or the digest of one that is in the repository.  "
    "[default: the project's, built without Docker]",
)
@click.option(
    "--plan", "only_plan", is_flag=True, help="Show what would be done, and exit with 2 if there is something."
)
@click.option("--canary", type=click.IntRange(1, 99), metavar="PERCENT", help="Give the new version a share first.")
@click.option(
    "--for", "minutes", type=click.FloatRange(0, 24 * 60, min_open=True), default=10.0, show_default=True,
    metavar="MINUTES", help="How long the canary lasts.",
)  # fmt: skip
@click.option("--verify/--no-verify", default=True, help="Compare the answers with the golden rows.  [default: verify]")
@json_option
def deploy(
    project: Path,
    stage: str | None,
    profile: str | None,
    region: str | None,
    image: str | None,
    only_plan: bool,
    canary: int | None,
    minutes: float,
    verify: bool,
    as_json: bool,
) -> None:
    """Deploy a project to AWS, and verify its answers.

    The old version answers until the new one has given the answers of the trained model; if the endpoint then gives others,
    the old one answers again and the command fails. It may be interrupted at any moment: the next run goes on. An endpoint that
    wants a token of `[jwt]` is verified with the one in IRIS_MODEL_TOKEN.

    \b
    Example:
      iris-model deploy --plan
      iris-model deploy --stage prod --canary 10 --for 15
      iris-model deploy --image image.tar
    """
    from iris_model.aws.deploy import Wanted, plan_deployment
    from iris_model.aws.observe import find_account
    from iris_model.aws.plan import Canary

    settings, deployment = read_deployment(project, stage)
    with progress() as on_step:
        transport, aws = connect(profile, region or settings.deployment.region)
        if image is None:
            find_account(aws)  # a build takes a while; credentials that have expired are told before it
        chosen = choose_image(image, deployment, project, transport, on_step)
        golden = _golden(project, chosen.function_directory, on_step) if verify else []
        wanted = Wanted(
            deployment,
            chosen.digest,
            golden,
            chosen.push,
            _make_ask(deployment, transport),
            Canary(canary, minutes) if canary else None,
            list_other_functions(project, deployment),
        )
        if only_plan:
            _, steps = plan_deployment(aws, wanted)
    if canary and (blind := _why_blind(deployment, minutes)):
        click.echo(f"Note: {blind}", err=True)
    if only_plan:
        _show_plan(steps, as_json=as_json)
        raise click.exceptions.Exit(SOMETHING_TO_DO if steps else 0)
    _show_outcome(_deploy(aws, wanted), wanted, transport, as_json=as_json)


# A CI that cancels a job asks with SIGTERM: a canary has to be ended then as well.
@ended_as_by_ctrl_c("SIGTERM")
def _deploy(aws: Aws, wanted: Wanted) -> Outcome:
    """Deploy; interrupted, say what was under way and who answers now."""
    import sys

    from iris_model.aws.deploy import deploy as deploy_to_aws
    from iris_model.aws.standing import say_standing

    steps = ["nothing yet"]
    # The log of a CI has no spinner: a line for each step, and one for all of a countdown.
    is_logged = not sys.stderr.isatty()
    try:
        with progress() as on_step:

            def note(step: str) -> None:
                if is_logged and _without_numbers(step) != _without_numbers(steps[-1]):
                    click.echo(step, err=True)
                steps.append(step)
                on_step(step)

            return deploy_to_aws(aws, wanted, note)
    except KeyboardInterrupt:
        click.echo(
            f"\nInterrupted; under way was: {steps[-1]}\n{say_standing(aws, wanted.deployment)}\n"
            "The same command again goes on from here; iris-model status shows more.",
            err=True,
        )
        raise


def _why_blind(deployment: Deployment, minutes: float) -> str:
    """Why nothing would end a canary that fails, or nothing."""
    if not deployment.error_alarm:
        return "error-alarm is false: the canary waits its time, and no error ends it."
    if minutes < LEAST_CANARY_MINUTES:
        return (
            f"CloudWatch notices errors a minute or two late, so that a canary of less than {LEAST_CANARY_MINUTES} minutes "
            "may be over before its alarm rings."
        )
    return ""


def _without_numbers(step: str) -> str:
    return "".join(character for character in step if not character.isdigit())


def _golden(project: Path, function_directory: Path | None, on_step: OnStep) -> list[GoldenRow]:
    from iris_model.aws.golden import read_golden

    return read_golden(function_directory or package_project(project, on_step=on_step).directory)


def _make_ask(deployment: Deployment, transport: BotoTransport) -> Ask | None:
    """Make what asks the endpoint; None where it cannot be asked for want of a token."""
    import os

    from iris_model.aws.endpoint import HttpAnswer, post, public_url

    endpoint = deployment.endpoint
    token = os.environ.get(TOKEN_VARIABLE)
    if endpoint.auth == "jwt" and not token:
        click.echo(
            f"Note: the endpoint wants a token, and {TOKEN_VARIABLE} has none: only the function is verified.", err=True
        )
        return None
    service = "execute-api" if endpoint.kind == "http-api" else "lambda"

    def ask(url: str, body: bytes) -> HttpAnswer:
        sign = (partial(transport.sign, service=service)) if endpoint.auth == "iam" else None
        return post(public_url(url, transport.endpoint_url("lambda")), body, sign=sign, token=token)

    return ask


def _show_plan(steps: tuple[Step, ...], *, as_json: bool) -> None:
    from iris_model.aws.plan import ApplyTemplate

    if as_json:
        echo_json({"steps": [{"step": type(step).__name__, "does": str(step), **asdict(step)} for step in steps]})
        return
    if not steps:
        click.echo("There is nothing to change.")
        return
    for number, step in enumerate(steps, 1):
        click.echo(f"{number}. {step}")
    for step in steps:
        if isinstance(step, ApplyTemplate) and step.creates:
            click.echo("\nThe template is printed by: iris-model template")
        elif isinstance(step, ApplyTemplate):
            click.echo(f"\n{step.difference}")


def _show_outcome(outcome: Outcome, wanted: Wanted, transport: BotoTransport, *, as_json: bool) -> None:
    from iris_model.aws.endpoint import public_url

    url = public_url(outcome.endpoint, transport.endpoint_url("lambda"))
    measured = outcome.measurement
    payload = wanted.golden[0].payload.decode() if wanted.golden else "[5.1,3.5,1.4,0.2]"
    million = _cost_of_a_million(wanted.deployment, measured) if measured else None
    verified = sum(each.rows for each in outcome.verifications)
    if as_json:
        echo_json(
            {
                "changed": bool(outcome.steps),
                "steps": [str(step) for step in outcome.steps],
                "endpoint": url,
                "version": outcome.version,
                "verified_rows": verified,
                "cold_start_ms": measured.cold_ms if measured else None,
                "warm_ms": measured.warm_ms if measured else None,
                "usd_per_million": str(million) if million is not None else None,
            }
        )
        return
    name = wanted.deployment.function
    if not outcome.steps:
        click.echo(f"{name}: there is nothing to change; version {outcome.version} answers.")
    else:
        how = f"{verified} answers are those of the trained model" if verified else "not verified"
        click.echo(f"{name}: version {outcome.version} answers; {how}.")
    if url:
        click.echo(f"\n  {curl_line(url, payload, wanted.deployment.endpoint.auth, transport.region)}\n")
    if measured and measured.cold_ms is not None:
        click.echo(
            f"Cold start {measured.cold_ms:.0f} ms, warm {measured.warm_ms:.1f} ms, {measured.max_memory_mib} of "
            f"{measured.memory_mib} MB; measured by Lambda."
        )
    if million is not None:
        click.echo(f"A million requests like these cost about {million:.2f} US dollars (iris-model cost says more).")


def curl_line(url: str, payload: str, auth: str, region: str) -> str:
    """Write the line to paste; who calls an endpoint that is not open adds what it wants."""
    service = "execute-api" if ".execute-api." in url else "lambda"
    keys = '--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H "x-amz-security-token: $AWS_SESSION_TOKEN"'
    wants = {
        "open": "",
        "jwt": '-H "Authorization: Bearer $TOKEN" ',
        "iam": f"--aws-sigv4 aws:amz:{region}:{service} {keys} ",
    }[auth]
    return f"curl -XPOST {shlex.quote(url)} {wants}-H 'Content-Type: application/json' -d {shlex.quote(payload)}"


def _cost_of_a_million(deployment: Deployment, measured: Any) -> Any:
    from iris_model import cost
    from iris_model.cost.estimates import DAYS_PER_MONTH, estimate_lambda

    workload = cost.Workload(float(1_000_000 / DAYS_PER_MONTH), cost.PATTERNS["steady"], measured, cost.read_prices())
    endpoint = deployment.endpoint.kind if deployment.endpoint.kind != "none" else "function-url"
    return estimate_lambda(workload, deployment.architecture, endpoint).monthly
