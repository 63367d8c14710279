"""Stack states that need an action of the user: their meaning and the action.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html lists the states.
"""

from __future__ import annotations

from typing import NamedTuple

from iris_model.errors import DeploymentError


class Stuck(NamedTuple):
    """The meaning of a state, and what to do; `{stack}` is the name."""

    means: str
    does: str


_NEVER_CREATED = Stuck(
    "its creation failed, so it cannot be updated",
    "delete the stack {stack}, whose creation failed",
)

STUCK = {
    "ROLLBACK_COMPLETE": _NEVER_CREATED,
    "ROLLBACK_FAILED": _NEVER_CREATED,
    "DELETE_FAILED": Stuck(
        "an earlier deletion did not finish, so it can only be deleted again",
        "delete the stack {stack}, whose earlier deletion did not finish",
    ),
    "UPDATE_ROLLBACK_FAILED": Stuck(
        "an update failed and CloudFormation could not roll back, so it cannot be updated",
        "continue the stuck rollback of the stack {stack}",
    ),
}
"""Status -> its meaning, and the action of `deploy` and `destroy` with `--yes`."""


class StackIsStuck(DeploymentError):
    """The user must confirm the action that repairs the stack."""

    def __init__(self, stack: str, status: str, command: str) -> None:
        found = STUCK[status]
        self.does = found.does.format(stack=stack)
        super().__init__(
            f"the stack {stack} is {status}: {found.means}", remedy=f"{command} --yes first does this: {self.does}."
        )
