"""The deployer's permissions as a page: docs/reference/permissions.md."""

from __future__ import annotations

import json

from iris_model.aws.access.permissions import (
    Names,
    make_batch_policy,
    make_key_policy,
    make_measuring_policy,
    make_planning_policy,
    make_policy,
)
from iris_model.aws.access.permissions_by_key import KEYS

REFERENCE_PAGE = "docs/reference/permissions.md"

_HEAD = """\
# Permissions

<!-- Generated from src/iris_model/aws/access/permissions.py by `python scripts/write_reference.py`; a test compares the two. -->

This page has the IAM policies for the function, and for people and jobs that deploy, plan or measure. Replace
`<account>`, `<region>`, `<function>`, `<stack>` and `<repository>` with your names.

`iris-model doctor` asks IAM which permissions are missing. A refused call names the permission that it needs.

## The function

The role of the function may write to its own log group, and nothing else. With `tracing = true` it may send traces.
`iris-model template` shows the role. With `[vpc]`, `kms-key`, `dead-letter`, `on-failure` and `on-success` it gets the
permissions that Lambda needs for them: network interfaces (denied to the function's own code), `kms:Decrypt` on that
key, and sending to these destinations. With `[events]` it may read the sources, and write to `answers` and `failures`.
If you set `role`, your role needs the same.

## The deployer

The policy contains the calls of `iris-model`, and those that CloudFormation makes for the resources of the template.
Tests evaluate every call against it as IAM does: action, resource, condition. It has not been tested on AWS itself
([AWS rules](aws-rules.md)).

- Tags of a log group are evaluated on its ARN without `:*`, everything else on the ARN with `:*`.
- IAM truncates the name of the role at 64 characters, so the name of a stack may have 46 at most.
- With your own `role`, the statement `Role` is not needed, and `PassRole` names your role.

`execute-api:Invoke` and `lambda:InvokeFunctionUrl` are for the verification of an endpoint with `auth = "iam"`.

With several stages, `deploy` reads the functions of the other stages before it lets an image expire. It needs
`lambda:GetFunction` and `lambda:ListVersionsByFunction` on those too.

Secrets (`[secrets]`) also need `secretsmanager:GetSecretValue` (CloudFormation) and `secretsmanager:DescribeSecret`
(doctor) on `arn:aws:secretsmanager:<region>:<account>:secret:<name>-??????`, or `ssm:GetParameters` on
`arn:aws:ssm:<region>:<account>:parameter/<name>`.

```json
"""

_MEASURER = """
## Measuring

`iris-model cost --remote` reads the log. `iris-model tune --remote` changes the memory of `$LATEST`, invokes it, and
restores it. `iris-model cost refresh` reads public prices. The deployer's policy allows all of this except the prices.
To only measure, you need:

```json
"""


_BATCH = """
## Scoring a bucket

`iris-model batch` lists the buckets, writes the list of parts and the manifest, and starts the state machine of `[batch]`:

```json
"""


_PLANNER = """
## Planning

`iris-model deploy --plan` only reads. This policy is for pull requests ([GitHub Actions](../how-to/github-actions.md)).
`lambda:GetFunction` shows the environment of the function, with the values of `[secrets]`. If authors of pull requests
must not see a secret, read it in the handler instead.

```json
"""


_OF_KEYS = """
## For keys that are off by default

Each of these keys of `iris-model.toml` needs the statements below it in addition, while it is set and for the
deployment that removes it. `on-success` needs what `on-failure` needs; `dead-letter` needs nothing more. `iris-model
doctor` checks what the keys of the project need.
"""


def render_reference() -> str:
    """Render the reference page."""
    policies = (make_policy, make_planning_policy, make_measuring_policy)
    deployer, planner, measurer = (json.dumps(make(Names()), indent=2) for make in policies)
    names = Names(kms_key="<arn of the key>", hosted_zone="<hosted-zone>")
    batches = f"{_BATCH}{json.dumps(make_batch_policy(names), indent=2)}\n```\n"
    of_keys = "".join(
        f"\n### {key}\n\n```json\n{json.dumps(make_key_policy(key, names), indent=2)}\n```\n" for key in KEYS
    )
    return f"{_HEAD}{deployer}\n```\n{_OF_KEYS}{of_keys}{batches}{_PLANNER}{planner}\n```\n{_MEASURER}{measurer}\n```\n"
