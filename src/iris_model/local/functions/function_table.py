"""Find the function for a name, a partial or full ARN, and a qualifier, or raise Lambda's error."""

from __future__ import annotations

from collections.abc import Mapping

from iris_model.local.functions import service_errors
from iris_model.local.functions.function import LocalFunction
from iris_model.local.functions.function_names import LATEST, parse_function_name

# The name of the function in the emulator of AWS base images, so that one curl command works for both.
ALIAS = "function"


class FunctionTable:
    """The functions of the service, under every name that Lambda accepts."""

    def __init__(self, functions: Mapping[str, LocalFunction]) -> None:
        self._functions = functions

    def all(self) -> list[LocalFunction]:
        """Return all functions, by name."""
        return [self._functions[name] for name in sorted(self._functions)]

    def find(self, text: str, qualifier: str | None = None) -> tuple[LocalFunction, str]:
        """Return the function, and the requested ARN. Raises the service's errors."""
        reference = parse_function_name(text)
        if qualifier and reference.qualifier and qualifier != reference.qualifier:
            raise service_errors.conflicting_qualifiers(reference.qualifier, qualifier)
        qualifier = qualifier or reference.qualifier
        function = self._functions.get(reference.name)
        if function is None and reference.name == ALIAS and len(self._functions) == 1:
            function = next(iter(self._functions.values()))
        if function is None:
            some = next(iter(self._functions.values())).settings
            region, account = reference.region or some.region, reference.account or some.account_id
            arn = f"arn:aws:lambda:{region}:{account}:function:{reference.name}"
            raise service_errors.function_not_found(f"{arn}:{qualifier}" if qualifier else arn)
        settings = function.settings
        arn = settings.arn if qualifier is None else f"{settings.arn}:{qualifier}"
        elsewhere = (reference.region or settings.region, reference.account or settings.account_id) != (
            settings.region,
            settings.account_id,
        )
        # Nothing is published here, so $LATEST is the only version.
        if elsewhere or qualifier not in (None, LATEST):
            raise service_errors.function_not_found(arn)
        return function, arn
