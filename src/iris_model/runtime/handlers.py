"""Import the handler by its name. Each failure raises the error that Lambda reports for it."""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from .context import LambdaContext

    Handler: TypeAlias = Callable[[object, LambdaContext], object]


class Fault(Exception):
    """An error that the runtime raises itself; `error_type` is one of Lambda's `Runtime.*` names."""

    def __init__(self, error_type: str, message: str, trace: "list[str] | None" = None) -> None:
        self.error_type = error_type
        self.message = message
        self.trace = trace
        super().__init__(message)


def find_handler(name: str) -> "Handler":
    """Import the module of `package/module.function` and return the function. Raises Fault, or what the module raises."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        raise Fault(
            "Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)"
        )
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    dotted = module_name.replace("/", ".")
    try:
        __import__(dotted)
        module = sys.modules[dotted]
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from None
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise Fault("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", trace) from None
    try:
        handler: Handler = getattr(module, function_name)
    except AttributeError:
        raise Fault("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'") from None
    return handler
