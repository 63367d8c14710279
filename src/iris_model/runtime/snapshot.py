"""SnapStart: Lambda takes a snapshot of the process after the init, and starts sandboxes from it.

Imported only with the init type `snap-start`. The calls, the exit codes and the hooks, which the handler registers with
`snapshot_restore_py`, are those of awslambdaric.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .client import LambdaRuntimeClient

_BEFORE_FAILED, _AFTER_FAILED = 64, 65


def wait_for_restore(client: "LambdaRuntimeClient") -> None:
    """Wait until Lambda has restored the snapshot. The process exits if a hook fails."""
    hooks = sys.modules.get("snapshot_restore_py")
    try:
        before = hooks.get_before_snapshot() if hooks is not None else []
        while before:  # in reverse order
            function, arguments, named = before.pop()
            function(*arguments, **named)
        client.wait_restore()
    except Exception as error:
        from .failures import log_failure

        client.post_init_error(log_failure(error).body(), "Runtime.BeforeSnapshotError")
        sys.exit(_BEFORE_FAILED)
    try:
        for function, arguments, named in hooks.get_after_restore() if hooks is not None else []:
            function(*arguments, **named)
    except Exception as error:
        from .failures import log_failure

        client.post_restore_error(log_failure(error).body(), "Runtime.AfterRestoreError")
        sys.exit(_AFTER_FAILED)
