"""What this folder needs of the model in the handler. For type checkers only."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol

    from iris_model.contract.signature import Signature
    from iris_model.runtime.events import Reply, Request

    class Model(Protocol):
        """The methods of `runtime.model.Model` that answer rows and requests."""

        signature: Signature
        classes: list[object] | None
        outputs: tuple[str, ...]

        def predict(self, rows: Sequence[object]) -> list[Any]: ...  # noqa: D102
        def predict_proba(self, rows: Sequence[object]) -> list[Any]: ...  # noqa: D102
        def _reply(self, request: Request, is_http: bool, takes_bytes: bool) -> Reply: ...
