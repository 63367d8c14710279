"""`[batch]`: a state machine of Step Functions that calls the live version once for each part of the input.

A Distributed Map reads the list of parts from S3. Its children are Express workflows, which are billed by the request.
"""

from __future__ import annotations

import json
from typing import Any

from iris_model.aws.cloudformation.logical_ids import BATCH_OUTPUT, LIVE
from iris_model.aws.cloudformation.parts.part import Part, tag_list
from iris_model.aws.cloudformation.yaml_text import get_att, ref, sub
from iris_model.aws.deployment import name_batch
from iris_model.contract.batch import split_place
from iris_model.contract.deployment import Deployment

_MACHINE, _ROLE = "Batch", "BatchRole"
_COMMENT = "Scores objects of S3: `iris-model batch` starts it with a list of parts."

# Errors after which another attempt may succeed. A part that runs again replaces its own answers.
_RETRY = {
    "ErrorEquals": ["States.ALL"],
    "IntervalSeconds": 1,
    "BackoffRate": 2,
    "MaxAttempts": 4,
    "JitterStrategy": "FULL",
}
# With a `concurrency` above what the account or the function allows, most calls are throttled at first. They wait as long
# as an Express workflow may take, 5 minutes.
_RETRY_THROTTLED = {
    "ErrorEquals": ["Lambda.TooManyRequestsException"],
    "IntervalSeconds": 2,
    "BackoffRate": 1.5,
    "MaxAttempts": 20,
    "MaxDelaySeconds": 20,
    "JitterStrategy": "FULL",
}


def add_batch(deployment: Deployment) -> Part:
    """Add the state machine with its role, and the rights of the function to read the input and write the answers."""
    batch = deployment.batch
    if batch is None:
        return Part()
    (source, prefix), (target, below) = split_place(batch.input), split_place(batch.output)
    resources = {
        _ROLE: _role(deployment, target, below),
        _MACHINE: {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": name_batch(deployment.function),
                "StateMachineType": "STANDARD",
                "RoleArn": get_att(f"{_ROLE}.Arn"),
                "DefinitionString": json.dumps(_definition(batch.concurrency), separators=(",", ":")),
                "DefinitionSubstitutions": {"Live": ref(LIVE)},
                **tag_list(deployment),
            },
        },
    }
    statements = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": _objects(f"{source}/{prefix}*")},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": _objects(f"{target}/{below}*")},
    ]
    outputs = {BATCH_OUTPUT: {"Description": "The state machine of iris-model batch.", "Value": ref(_MACHINE)}}
    return Part(resources, {_MACHINE: _COMMENT}, outputs, statements=statements)


def _objects(pattern: str) -> Any:
    return sub(f"arn:${{AWS::Partition}}:s3:::{pattern}")


def _definition(concurrency: int) -> dict[str, Any]:
    """Return the state machine in the Amazon States Language. Its input has `bucket`, `parts`, `reports`, `tolerated`."""
    score = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "${Live}", "Payload": {"iris-model-part.$": "$"}},
        "OutputPath": "$.Payload",
        "Retry": [_RETRY_THROTTLED, _RETRY],
        "End": True,
    }
    parts = {
        "Type": "Map",
        "Label": "Parts",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSONL"},
            "Parameters": {"Bucket.$": "$.bucket", "Key.$": "$.parts"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "Score",
            "States": {"Score": score},
        },
        "MaxConcurrency": concurrency,
        "ToleratedFailurePercentagePath": "$.tolerated",
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket.$": "$.bucket", "Prefix.$": "$.reports"},
        },
        "End": True,
    }
    return {"StartAt": "Parts", "States": {"Parts": parts}}


def _role(deployment: Deployment, target: str, below: str) -> dict[str, Any]:
    machine = sub(
        f"arn:${{AWS::Partition}}:states:${{AWS::Region}}:${{AWS::AccountId}}:stateMachine:{name_batch(deployment.function)}"
    )
    runs = sub(
        f"arn:${{AWS::Partition}}:states:${{AWS::Region}}:${{AWS::AccountId}}:execution:{name_batch(deployment.function)}/*"
    )
    own = _objects(f"{target}/{below}_batch/*")
    statements = [
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": ref(LIVE)},
        {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine},
        {"Effect": "Allow", "Action": ["states:DescribeExecution", "states:StopExecution"], "Resource": runs},
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": own},
        {"Effect": "Allow", "Action": ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"], "Resource": own},
    ]
    boundary = {"PermissionsBoundary": deployment.permissions_boundary} if deployment.permissions_boundary else {}
    trusted = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trusted]},
            "Policies": [{"PolicyName": "batch", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
            **boundary,
            **tag_list(deployment),
        },
    }
