"""The Lambda runtime: what runs inside the sandbox.

    from iris_model.runtime import Model
    model = Model.load("iris_trained_model")

    def handler(event, context):
        return model.answer(event)

This package is shipped in every function and imports only `engine` and the standard library. `docs/architecture.md`
describes the flow of a request.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from iris_model.engine import InvalidInput as InvalidInput
    from iris_model.engine import ModelFormatError as ModelFormatError

    from .model import Model as Model

__all__ = ["InvalidInput", "Model", "ModelFormatError"]


def __getattr__(name: str) -> object:
    # Imported lazily: the loop imports this package too, and a handler without a model must not pay for `Model`.
    if name == "Model":
        from .model import Model

        return Model
    if name in ("InvalidInput", "ModelFormatError"):
        from iris_model import engine

        return getattr(engine, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
