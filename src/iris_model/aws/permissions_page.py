"""The deployer's permissions as a page: docs/reference/permissions.md."""

from __future__ import annotations

import json

from iris_model.aws.permissions import Names, make_measuring_policy, make_policy

REFERENCE_PAGE = "docs/reference/permissions.md"

_HEAD = """\
# Permissions

<!-- Generated from src/iris_model/aws/permissions.py by `python scripts/write_reference.py`; a test compares the two. -->

## Of the function

The function's role may create log streams in its own log group and write to them, and nothing else; with `tracing = true` it
may send traces. `iris-model template` shows it. A role of your own is named with `role` in `iris-model.toml`.

## Of the deployer

Who deploys needs this policy, with his own names in the place of `<account>`, `<region>`, `<function>`, `<stack>` and
`<repository>`. It is made from the calls that the code makes, and from what CloudFormation does in the deployer's name for the
resources of the template. A test deploys with it under MiniStack's IAM, which knows the actions of the calls and not the
resources of all of them; it has not been tried against AWS itself. `iris-model doctor` asks IAM which of these permissions are
missing, and a call that is refused names the permission that it wants.

`execute-api:Invoke` and `lambda:InvokeFunctionUrl` are for the verification of an endpoint with `auth = "iam"`.

With several stages, `deploy` looks at the functions of the others before it lets an image expire: it needs
`lambda:GetFunction` and `lambda:ListVersionsByFunction` on those as well.

Secrets (`[secrets]`) need `secretsmanager:GetSecretValue` or `ssm:GetParameters` on the secret, in addition.

```json
"""

_MEASURER = """
## Of who measures

`iris-model cost --remote` reads the log; `iris-model tune --remote` changes the memory of `$LATEST`, invokes that, and sets it
back; `iris-model cost refresh` asks for public prices. The deployer's policy allows all of this but the prices; who only
measures needs no more than:

```json
"""


def render_reference() -> str:
    """Render the reference page."""
    deployer, measurer = (json.dumps(make(Names()), indent=2) for make in (make_policy, make_measuring_policy))
    return f"{_HEAD}{deployer}\n```\n{_MEASURER}{measurer}\n```\n"
