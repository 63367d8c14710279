"""`iris-model deploy`: deploy a project to AWS and verify it."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iris_model.cli.interruption import ended_as_by_ctrl_c
from iris_model.cli.render.output import echo_json, json_option, progress
from iris_model.cli.sources.deployed_image import ChosenImage, choose_image
from iris_model.cli.sources.deployment import (
    aws_options,
    connect,
    list_other_functions,
    project_argument,
    read_deployment,
    stage_option,
)
from iris_model.cli.terminal import echo
from iris_model.cli.verbosity import echo_note
from iris_model.project import package_project

if TYPE_CHECKING:
    from iris_model.aws.client.calls import Aws
    from iris_model.aws.client.session import BotoTransport
    from iris_model.aws.deploying.deploy import Ask, Outcome, Wanted
    from iris_model.aws.deploying.steps import Step
    from iris_model.contract.deployment import Deployment

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
    help="Image to deploy: an OCI layout, an archive of `docker save`, an image name, or a digest in the repository.  "
    "[default: build the project without Docker]",
)
@click.option("--plan", "only_plan", is_flag=True, help="Show what would change, and exit with 2 if something would.")
@click.option(
    "--canary",
    type=click.IntRange(1, 99),
    metavar="PERCENT",
    help="Send this share of the requests to the new version first.",
)
@click.option(
    "--for", "minutes", type=click.FloatRange(0, 24 * 60, min_open=True), default=10.0, show_default=True,
    metavar="MINUTES", help="Duration of the canary.",
)  # fmt: skip
@click.option(
    "--verify/--no-verify",
    default=True,
    help="Send sample rows (golden rows), and compare the answers with those of the trained model.  [default: verify]",
)
@click.option(
    "--yes",
    is_flag=True,
    help="Repair a stack that CloudFormation cannot update, without asking. --plan shows the repair.",
)
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
    yes: bool,
    as_json: bool,
) -> None:
    """Deploy a project to AWS and verify its answers.

    The old version answers until the new one is verified against the trained model. If the endpoint then answers
    differently, the command rolls back and fails. You can interrupt it at any time; the next run continues. To verify
    an endpoint with `[jwt]`, set a token in IRIS_MODEL_TOKEN.

    \b
    Example:
      iris-model deploy --plan
      iris-model deploy --stage prod --canary 10 --for 15
      iris-model deploy --image image.tar
    """
    from iris_model.aws.deploying.deploy import Wanted, plan_deployment
    from iris_model.aws.deploying.steps import Canary
    from iris_model.aws.notes import find_notes
    from iris_model.aws.state.observe import find_account
    from iris_model.aws.verification.golden import read_golden
    from iris_model.cli.render.serve_output import example_payload
    from iris_model.project.packaging.stamp import WORK_DIRECTORY

    settings, deployment = read_deployment(project, stage)
    with progress() as on_step:
        transport, aws = connect(profile, region or settings.deployment.region)
        if image is None:
            find_account(aws)  # a build takes a while, so check the credentials before it
        chosen = choose_image(image, deployment, project, transport, on_step)
        packaged = chosen.function_directory
        if verify and packaged is None:
            packaged = package_project(project, on_step=on_step).directory
        golden = read_golden(packaged) if verify and packaged else []
        wanted = Wanted(
            deployment,
            chosen.digest,
            golden,
            chosen.push,
            _make_ask(deployment, transport),
            Canary(canary, minutes) if canary else None,
            list_other_functions(project, deployment),
            gets_out=yes,
            runtime=chosen.lambda_runtime,
        )
        if only_plan:
            _, steps = plan_deployment(aws, wanted)
    if canary and (blind := _why_blind(deployment, minutes)):
        echo_note(blind)
    for note in find_notes(deployment):
        echo_note(f"{note.text}.\nhint: {note.hint}")
    if only_plan:
        _show_plan(steps, [note.text for note in find_notes(deployment)], chosen, as_json=as_json)
        raise click.exceptions.Exit(SOMETHING_TO_DO if steps else 0)
    # Without verification of an image from elsewhere nothing was packaged now, but perhaps before.
    payload = example_payload(packaged or project / WORK_DIRECTORY / "function")
    _show_outcome(_deploy_or_ask(aws, wanted), wanted, transport, chosen, payload, as_json=as_json)


def _deploy_or_ask(aws: Aws, wanted: Wanted) -> Outcome:
    """Deploy. If the stack is stuck, ask in a terminal before repairing it."""
    import dataclasses
    import sys

    from iris_model.aws.cloudformation.stuck import StackIsStuck

    try:
        return _deploy(aws, wanted)
    except StackIsStuck as stuck:
        if not sys.stdin.isatty():
            raise
        echo(f"{stuck.problem}.", err=True)
        click.confirm(f"{stuck.does[0].upper()}{stuck.does[1:]}?", abort=True, err=True)
    return _deploy(aws, dataclasses.replace(wanted, gets_out=True))


# A CI job is cancelled with SIGTERM, which must end a canary too.
@ended_as_by_ctrl_c("SIGTERM")
def _deploy(aws: Aws, wanted: Wanted) -> Outcome:
    """Deploy. If interrupted, print the current step and the version that answers."""
    import sys

    from iris_model.aws.deploying.deploy import deploy as deploy_to_aws
    from iris_model.aws.state.standing import say_standing

    steps = ["nothing yet"]
    # A CI log has no spinner: print one line per step, and one line for a countdown.
    is_logged = not sys.stderr.isatty()
    try:
        with progress() as on_step:

            def note(step: str) -> None:
                if is_logged and _without_numbers(step) != _without_numbers(steps[-1]):
                    echo(step, err=True)
                steps.append(step)
                on_step(step)

            return deploy_to_aws(aws, wanted, note)
    except KeyboardInterrupt:
        echo(
            f"\nInterrupted during: {steps[-1]}\n{say_standing(aws, wanted.deployment)}\n"
            "Run the same command again to continue. iris-model status shows the current state.",
            err=True,
        )
        raise


def _why_blind(deployment: Deployment, minutes: float) -> str:
    """Return why errors would not end the canary; empty if the alarm works."""
    if not deployment.error_alarm:
        return "error-alarm is false, so errors do not end the canary."
    if minutes < LEAST_CANARY_MINUTES:
        return (
            f"CloudWatch detects errors with a delay of one or two minutes, so a canary of less than "
            f"{LEAST_CANARY_MINUTES} minutes may end before its alarm."
        )
    return ""


def _without_numbers(step: str) -> str:
    return "".join(character for character in step if not character.isdigit())


def _make_ask(deployment: Deployment, transport: BotoTransport) -> Ask | None:
    """Return a client for the endpoint; None if there is no token for it."""
    import os

    from iris_model.aws.verification.endpoint import HttpAnswer, post, public_url

    endpoint = deployment.endpoint
    token = os.environ.get(TOKEN_VARIABLE)
    if endpoint.auth == "jwt" and not token:
        echo_note(
            f"the endpoint requires a token, and {TOKEN_VARIABLE} is not set: only the function is verified, "
            f"not the endpoint."
        )
        return None
    service = "execute-api" if endpoint.kind == "http-api" else "lambda"

    def ask(url: str, body: bytes) -> HttpAnswer:
        sign = (partial(transport.sign, service=service)) if endpoint.auth == "iam" else None
        return post(public_url(url, transport.endpoint_url("lambda")), body, sign=sign, token=token)

    return ask


def _show_plan(steps: tuple[Step, ...], notes: list[str], chosen: ChosenImage, *, as_json: bool) -> None:
    from iris_model.aws.deploying.steps import ApplyTemplate

    if as_json:
        found = [{"step": type(step).__name__, "does": str(step), **asdict(step)} for step in steps]
        echo_json({"steps": found, "notes": notes, "runtime": chosen.runtime, "runtime_reason": chosen.runtime_reason})
        return
    if not steps:
        echo("Nothing to change.")
        return
    for number, step in enumerate(steps, 1):
        echo(f"{number}. {step}")
    _echo_runtime(chosen)
    for step in steps:
        if isinstance(step, ApplyTemplate) and step.creates:
            echo("\nPrint the template with: iris-model template")
        elif isinstance(step, ApplyTemplate):
            echo(f"\n{step.difference}")


def _echo_runtime(chosen: ChosenImage) -> None:
    if chosen.runtime_reason:
        echo(f"Runtime {chosen.runtime}: {chosen.runtime_reason}.")


def _show_outcome(
    outcome: Outcome, wanted: Wanted, transport: BotoTransport, chosen: ChosenImage, payload: str, *, as_json: bool
) -> None:
    from iris_model.aws.verification.endpoint import public_url

    url = public_url(outcome.endpoint, transport.endpoint_url("lambda"))
    measured = outcome.measurement
    million = _cost_of_a_million(wanted.deployment, measured) if measured else None
    verified = sum(each.rows for each in outcome.verifications)
    if as_json:
        echo_json(
            {
                "changed": bool(outcome.steps),
                "steps": [str(step) for step in outcome.steps],
                "endpoint": url,
                "version": outcome.version,
                "runtime": chosen.runtime,
                "runtime_reason": chosen.runtime_reason,
                "verified_rows": verified,
                "cold_start_ms": measured.cold_ms if measured else None,
                "warm_ms": measured.warm_ms if measured else None,
                "usd_per_million": str(million) if million is not None else None,
            }
        )
        return
    name = wanted.deployment.function + (" (runtime native)" if chosen.runtime == "native" else "")
    if not outcome.steps:
        echo(f"{name}: nothing to change; version {outcome.version} answers.")
    else:
        how = f"{verified} answers are equal to those of the trained model" if verified else "not verified"
        echo(f"{name}: version {outcome.version} answers; {how}.")
    _echo_runtime(chosen)
    if url:
        echo(f"\n  {curl_line(url, payload, wanted.deployment.endpoint.auth, transport.region)}\n")
    if measured and measured.cold_ms is not None:
        echo(
            f"Cold start {measured.cold_ms:.0f} ms, warm {measured.warm_ms:.1f} ms, {measured.max_memory_mib} of "
            f"{measured.memory_mib} MB; measured by Lambda."
        )
    if million is not None:
        echo(f"A million requests like these cost about ${million:.2f} (details: iris-model cost).")


def curl_line(url: str, payload: str, auth: str, region: str) -> str:
    """Return a curl command for the endpoint, with credentials if it requires them."""
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
    from iris_model.cost.function_costs import estimate_lambda
    from iris_model.cost.workload import DAYS_PER_MONTH

    # Only what is billed per request: log lines and traces, but not the alarm and the image.
    log_lines = "errors" if deployment.log_lines == "errors" else deployment.log_format
    around = cost.Surroundings(
        log_lines=log_lines,
        log_retention_days=deployment.log_retention_days,
        alarms=0,
        access_log=deployment.access_log,
        tracing=deployment.tracing,
    )
    workload = cost.Workload(
        float(1_000_000 / DAYS_PER_MONTH),
        cost.PATTERNS["steady"],
        measured,
        cost.read_prices(),
        surroundings=around,
    )
    endpoint = deployment.endpoint.kind if deployment.endpoint.kind != "none" else "function-url"
    return estimate_lambda(workload, deployment.architecture, endpoint).monthly
