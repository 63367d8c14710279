"""The Lambda side: what runs inside the sandbox.

    from iris_model.runtime import Model
    model = Model.load("iris_trained_model")

    def handler(event, context):
        return model.answer(event)

`docs/architecture.md` has the flow. This room is shipped in every function and imports nothing but `engine` and the standard
library.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from iris_model.engine import InvalidInput as InvalidInput
    from iris_model.engine import ModelFormatError as ModelFormatError

    from .model import Model as Model

__all__ = ["InvalidInput", "Model", "ModelFormatError"]


def __getattr__(name: str) -> object:
    # Lazily, because the loop imports this package too and a handler without a model must not pay for one.
    if name == "Model":
        from .model import Model

        return Model
    if name in ("InvalidInput", "ModelFormatError"):
        from iris_model import engine

        return getattr(engine, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
