"""Start the state machine of a batch, and follow it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from iris_model.aws.batching.parts import Part, Run, find_missing, write_list, write_manifest
from iris_model.aws.client.calls import Aws
from iris_model.aws.cloudformation.logical_ids import BATCH_OUTPUT
from iris_model.aws.deployment import ALIAS
from iris_model.aws.state.observe import find_live, find_stack
from iris_model.contract.deployment import Deployment
from iris_model.errors import DeploymentError

SECONDS_BETWEEN = 2.0


@dataclass(frozen=True)
class Deployed:
    """The deployed state machine, and the live version of the function."""

    machine: str
    version: str


@dataclass(frozen=True)
class Progress:
    """How many parts of a running batch are done and failed, and how many it has."""

    done: int
    failed: int
    total: int


@dataclass(frozen=True)
class Trial:
    """One part, answered by the live version without storing the answers."""

    rows: int
    bytes: int
    seconds: float


def find_deployed(aws: Aws, deployment: Deployment) -> Deployed:
    """Find the state machine. Raises DeploymentError."""
    stack, live = find_stack(aws, deployment), find_live(aws, deployment.function)
    machine = stack.outputs.get(BATCH_OUTPUT) if stack else None
    if not machine or live is None:
        raise DeploymentError(
            f"{deployment.function} has no state machine in {aws.region}",
            remedy="Set input and output in [batch] of iris-model.toml, and run `iris-model deploy`.",
        )
    return Deployed(machine, live.version)


def try_part(aws: Aws, deployment: Deployment, part: Part) -> Trial:
    """Measure one part. Raises DeploymentError if the function fails."""
    payload = json.dumps({"iris-model-part": {**part.describe(), "is_trial": True}}).encode()
    answer = aws.call(
        "lambda", "Invoke", f"function {deployment.function}", FunctionName=deployment.function, Qualifier=ALIAS,
        Payload=payload,
    )  # fmt: skip
    document = json.loads(answer["Payload"])
    if "FunctionError" in answer:
        raise DeploymentError(
            f"the function cannot answer {part.key}: {document.get('errorMessage', document)}",
            remedy="Run `iris-model logs` for the error.",
        )
    return Trial(document["rows"], part.end - part.start, document["seconds"])


def run_batch(
    aws: Aws,
    deployed: Deployed,
    run: Run,
    missing: Sequence[Part],
    tolerated: float,
    on_progress: Callable[[Progress], None],
) -> tuple[Part, ...]:
    """Score the missing parts, and wait for the end. Return the parts without answers, and write the manifest if none.

    Raises DeploymentError if more parts fail than tolerated.
    """
    write_list(aws, run, missing)
    document = {
        "bucket": run.bucket, "parts": run.list_key, "tolerated": tolerated,
        "reports": f"{run.list_key.rpartition('/')[0]}/reports",
    }  # fmt: skip
    started = aws.call(
        "stepfunctions", "StartExecution", f"state machine {deployed.machine}", stateMachineArn=deployed.machine,
        input=json.dumps(document),
    )  # fmt: skip
    execution = started["executionArn"]
    while True:
        state = aws.call("stepfunctions", "DescribeExecution", "batch", executionArn=execution)
        if progress := _find_progress(aws, execution):
            on_progress(progress)
        if state["status"] != "RUNNING":
            break
        aws.sleep(SECONDS_BETWEEN)
    left = find_missing(aws, run)
    if not left:
        write_manifest(aws, run)
    if state["status"] != "SUCCEEDED":
        raise DeploymentError(
            f"the batch ended with {state['status']}: {state.get('error', '')} {state.get('cause', '')}".rstrip()
            + f"; {len(run.parts) - len(left)} of {len(run.parts)} parts are done",
            remedy="Run the same command again: it scores only the parts that are missing.",
        )
    return left


def _find_progress(aws: Aws, execution: str) -> Progress | None:
    runs = aws.call("stepfunctions", "ListMapRuns", "batch", executionArn=execution)["mapRuns"]
    if not runs:
        return None
    counts = aws.call("stepfunctions", "DescribeMapRun", "batch", mapRunArn=runs[0]["mapRunArn"])["itemCounts"]
    return Progress(counts["succeeded"], counts["failed"], counts["total"])
