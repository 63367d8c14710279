"""The second argument of a handler, with the attributes and types that `awslambdaric` gives it."""

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The fields of W3C Trace Context and Baggage in the client context.
W3C_FIELDS = ("traceparent", "tracestate", "baggage")


class _Fields:
    """An object with a fixed set of attributes and the `repr` of awslambdaric."""

    __slots__: tuple[str, ...] = ()

    def __init__(self, values: "dict[str, object]") -> None:
        for name in self.__slots__:
            setattr(self, name, values.get(name))

    def __repr__(self) -> str:
        fields = ",".join(f"{name}={getattr(self, name, None)}" for name in self.__slots__)
        return f"{type(self).__name__}([{fields}])"


class Client(_Fields):
    """The mobile application that invoked the function."""

    # In the order of awslambdaric's `repr`.
    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")  # noqa: RUF023


class ClientContext(_Fields):
    """The value of the header `X-Amz-Client-Context`."""

    __slots__ = ("custom", "env", "client")  # noqa: RUF023

    client: "Any"


class CognitoIdentity(_Fields):
    """The Amazon Cognito identity that authorized the invocation.

    Without one, both attributes are None, as in awslambdaric.
    """

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self, values: "dict[str, object] | None") -> None:
        self.cognito_identity_id = self.cognito_identity_pool_id = None
        if values is not None:
            self.cognito_identity_id = values.get("cognitoIdentityId")
            self.cognito_identity_pool_id = values.get("cognitoIdentityPoolId")


class LambdaContext:
    """The context of one invocation. `memory_limit_in_mb` is a string, as on Lambda."""

    def __init__(
        self,
        aws_request_id: str,
        deadline_ms: int,
        invoked_function_arn: "str | None" = None,
        client_context: "dict[str, object] | None" = None,
        cognito_identity: "dict[str, object] | None" = None,
        tenant_id: "str | None" = None,
    ) -> None:
        environment = os.environ
        self.aws_request_id = aws_request_id
        self.log_group_name = environment.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environment.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = environment.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = environment.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = invoked_function_arn
        self.tenant_id = tenant_id
        self._w3c: dict[str, str] = {}
        self.client_context = None
        if client_context is not None:
            w3c = client_context.pop("w3c", None)
            if isinstance(w3c, dict):
                self._w3c = {name: w3c[name] for name in W3C_FIELDS if isinstance(w3c.get(name), str)}
            self.client_context = ClientContext(client_context)
            if self.client_context.client is not None:
                self.client_context.client = Client(self.client_context.client)
        self.identity = CognitoIdentity(cognito_identity)
        self._deadline_ms = deadline_ms

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until this invocation times out; at least zero."""
        return max(self._deadline_ms - int(time.time() * 1000), 0)

    def w3c(self) -> dict[str, str]:
        """Return the trace context (traceparent, tracestate, baggage) of the invocation."""
        return dict(self._w3c)

    def log(self, message: object) -> None:
        """Write `message` to the log of the function, without adding a line feed."""
        from .logs import sink

        sink().write(str(message))
        sys.stdout.flush()

    def __repr__(self) -> str:
        names = (
            "aws_request_id log_group_name log_stream_name function_name memory_limit_in_mb function_version "
            "invoked_function_arn client_context identity tenant_id"
        )
        return f"LambdaContext([{','.join(f'{name}={getattr(self, name)}' for name in names.split())}])"
