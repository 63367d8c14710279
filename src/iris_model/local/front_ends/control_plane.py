"""The read-only part of Lambda's API, which consoles, waiters and SDKs call.

It creates, changes and publishes nothing. Resources that do not exist give Lambda's errors. A call that would change
something is refused with a message.

https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from aiohttp import web

from iris_model.local.front_ends.api_messages import ApiResponse
from iris_model.local.front_ends.invoke_api import encode_error, to_web
from iris_model.local.functions import service_errors
from iris_model.local.functions.function_description import describe_code, describe_configuration
from iris_model.local.functions.function_table import FunctionTable
from iris_model.local.functions.service_errors import ServiceError
from iris_model.local.sandboxes.concurrency import ACCOUNT_CONCURRENCY
from iris_model.local.sandboxes.invocation import make_request_id

# The maximum of ListFunctions for one page.
_PAGE_ITEMS = 50
_FUNCTIONS = "/2015-03-31/functions"
_CHANGE_REMEDY = (
    "Change the settings of the project (iris-model.toml), or the options, and start `iris-model serve` again."
)
_STREAM_REMEDY = "Use Invoke. Python functions do not stream."

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Operation = Callable[["ControlPlane", web.Request], dict[str, Any]]


class ControlPlane:
    """Answers for the functions of the service."""

    def __init__(self, functions: FunctionTable, function_urls: Mapping[str, str]) -> None:
        """`function_urls`: the URL of each function that has one."""
        self._functions = functions
        self._function_urls = function_urls

    def routes(self, guard: Callable[[Handler], Handler]) -> Iterator[web.RouteDef]:
        """Yield the routes, those that match most paths last. `guard` wraps each handler, and refuses other web sites."""
        for path, operation in _OPERATIONS.items():
            # Some paths in the documentation end with a slash, which SDKs remove.
            for spelling in {path, path.rstrip("/")}:
                yield web.get(spelling, guard(self._answer_with(operation)))
        streaming = "/2021-11-15/functions/{name}/response-streaming-invocations"
        yield web.post(streaming, guard(self._refuse_streaming))
        for version in _VERSIONS:
            # Last: all other calls of Lambda's API.
            yield web.route("*", f"/{version}/{{rest:.*}}", guard(self._refuse))

    def _answer_with(self, operation: _Operation) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            request_id = make_request_id()
            try:
                body = json.dumps(operation(self, request), separators=(",", ":")).encode()
            except ServiceError as error:
                return to_web(encode_error(error, request_id))
            return to_web(ApiResponse(200, body, {"x-amzn-RequestId": request_id}))

        return handle

    async def _refuse_streaming(self, request: web.Request) -> web.StreamResponse:
        return self._unsupported("InvokeWithResponseStream", _STREAM_REMEDY)

    async def _refuse(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/invocations"):
            error = ServiceError(405, "MethodNotAllowedException", {"Type": "User", "Message": "Invoke is a POST."})
            return to_web(encode_error(error, make_request_id()))
        return self._unsupported(f"{request.method} {request.path}", _CHANGE_REMEDY)

    def _unsupported(self, operation: str, remedy: str) -> web.StreamResponse:
        return to_web(encode_error(service_errors.unsupported(operation, remedy), make_request_id()))

    def list_functions(self, request: web.Request) -> dict[str, Any]:
        """Answer ListFunctions, in pages."""
        functions = self._functions.all()
        limit = _parse_limit(request.query.get("MaxItems"))
        first = _parse_marker(request.query.get("Marker"))
        page = functions[first : first + limit]
        answer: dict[str, Any] = {"Functions": [describe_configuration(each.settings) for each in page]}
        if first + limit < len(functions):
            answer["NextMarker"] = base64.b64encode(str(first + limit).encode()).decode()
        return answer

    def get_function(self, request: web.Request) -> dict[str, Any]:
        """Answer GetFunction."""
        settings = self._find(request)
        answer = {"Configuration": describe_configuration(settings), "Code": describe_code(settings), "Tags": {}}
        if settings.reserved_concurrency is not None:
            answer["Concurrency"] = {"ReservedConcurrentExecutions": settings.reserved_concurrency}
        return answer

    def get_configuration(self, request: web.Request) -> dict[str, Any]:
        """Answer GetFunctionConfiguration."""
        return describe_configuration(self._find(request))

    def list_versions(self, request: web.Request) -> dict[str, Any]:
        """Answer ListVersionsByFunction with only $LATEST, because nothing is published here."""
        configuration = describe_configuration(self._find(request))
        return {"Versions": [configuration | {"FunctionArn": f"{configuration['FunctionArn']}:$LATEST"}]}

    def list_aliases(self, request: web.Request) -> dict[str, Any]:
        """Answer ListAliases with an empty list."""
        self._find(request)
        return {"Aliases": []}

    def get_alias(self, request: web.Request) -> dict[str, Any]:
        """Answer GetAlias: the alias does not exist."""
        arn = f"{self._find(request).arn}:{request.match_info['alias']}"
        raise service_errors.resource_not_found(f"Cannot find alias arn: {arn}")

    def get_policy(self, request: web.Request) -> dict[str, Any]:
        """Answer GetPolicy: no policy exists. Every client of the port may invoke."""
        self._find(request)
        raise service_errors.resource_not_found("The resource you requested does not exist.")

    def get_concurrency(self, request: web.Request) -> dict[str, Any]:
        """Answer GetFunctionConcurrency."""
        reserved = self._find(request).reserved_concurrency
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    def get_url(self, request: web.Request) -> dict[str, Any]:
        """Answer GetFunctionUrlConfig with the local address, if there is one."""
        settings = self._find(request)
        if settings.name not in self._function_urls:
            raise service_errors.resource_not_found("The resource you requested does not exist.")
        when = describe_configuration(settings)["LastModified"]
        return {
            "FunctionUrl": self._function_urls[settings.name],
            "FunctionArn": settings.arn,
            "AuthType": "NONE",
            "InvokeMode": "BUFFERED",
            "CreationTime": when,
            "LastModifiedTime": when,
        }

    def get_account_settings(self, request: web.Request) -> dict[str, Any]:
        """Answer GetAccountSettings with the limits that apply here."""
        functions = [each.settings for each in self._functions.all()]
        reserved = sum(each.reserved_concurrency or 0 for each in functions)
        size = sum(describe_configuration(each)["CodeSize"] for each in functions)
        return {
            "AccountLimit": {
                "TotalCodeSize": 80_530_636_800,
                "CodeSizeUnzipped": 262_144_000,
                "CodeSizeZipped": 52_428_800,
                "ConcurrentExecutions": ACCOUNT_CONCURRENCY,
                "UnreservedConcurrentExecutions": ACCOUNT_CONCURRENCY - reserved,
            },
            "AccountUsage": {"TotalCodeSize": size, "FunctionCount": len(functions)},
        }

    def list_event_source_mappings(self, request: web.Request) -> dict[str, Any]:
        """Answer ListEventSourceMappings with an empty list."""
        return {"EventSourceMappings": []}

    def _find(self, request: web.Request) -> Any:
        function, _ = self._functions.find(request.match_info["name"], request.query.get("Qualifier"))
        return function.settings


_OPERATIONS: dict[str, _Operation] = {
    f"{_FUNCTIONS}/": ControlPlane.list_functions,
    f"{_FUNCTIONS}/{{name}}": ControlPlane.get_function,
    f"{_FUNCTIONS}/{{name}}/configuration": ControlPlane.get_configuration,
    f"{_FUNCTIONS}/{{name}}/versions": ControlPlane.list_versions,
    f"{_FUNCTIONS}/{{name}}/aliases": ControlPlane.list_aliases,
    f"{_FUNCTIONS}/{{name}}/aliases/{{alias}}": ControlPlane.get_alias,
    f"{_FUNCTIONS}/{{name}}/policy": ControlPlane.get_policy,
    "/2019-09-30/functions/{name}/concurrency": ControlPlane.get_concurrency,
    "/2021-10-31/functions/{name}/url": ControlPlane.get_url,
    "/2016-08-19/account-settings/": ControlPlane.get_account_settings,
    "/2015-03-31/event-source-mappings/": ControlPlane.list_event_source_mappings,
}
# The version prefixes of Lambda's API. The service's own paths never start with one of these.
_VERSIONS = (
    "2014-11-13 2015-03-31 2016-08-19 2017-03-31 2017-10-31 2018-10-31 2019-09-25 2019-09-30 2020-04-22 2020-06-30 "
    "2021-07-20 2021-10-31 2021-11-15 2023-08-31 2024-08-31"
).split()


def _parse_limit(text: str | None) -> int:
    if text is None:
        return _PAGE_ITEMS
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise service_errors.invalid_parameter(text[:80], "maxItems", "value from 1 to 10000")
    return min(int(text), _PAGE_ITEMS)


def _parse_marker(text: str | None) -> int:
    if not text:
        return 0
    try:
        return max(0, int(base64.b64decode(text, validate=True)))
    except ValueError:
        raise service_errors.invalid_parameter(text[:80], "marker", "a NextMarker of ListFunctions") from None
