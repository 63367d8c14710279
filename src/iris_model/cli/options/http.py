"""The options of `serve` for the HTTP front ends, passed as one value."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from iris_model.local import FunctionSettings

Result = TypeVar("Result")


@dataclass(frozen=True)
class HttpOptions:
    """The values from the command line. None means the value of the project."""

    routes: tuple[str, ...] = ()
    stage: str | None = None
    payload_format: str | None = None
    cors_origins: tuple[str, ...] = ()
    throttle: tuple[float, int | None] | None = None

    def apply(self, settings: FunctionSettings) -> FunctionSettings:
        """Return the settings with the options applied. The page and the output show the first route."""
        from iris_model.local import Cors, Throttling
        from iris_model.project.configuration.deployment import complete_throttling

        http = settings.http
        if self.payload_format:
            http = dataclasses.replace(http, payload_format=self.payload_format)
        if self.cors_origins:
            cors = http.cors or Cors((), allow_methods=("*",), allow_headers=("*",))
            http = dataclasses.replace(http, cors=dataclasses.replace(cors, allow_origins=self.cors_origins))
        if self.throttle:
            # The same burst as for a rate alone in iris-model.toml, and therefore the same as when deployed.
            complete = complete_throttling(*self.throttle)
            http = dataclasses.replace(http, throttling=Throttling(complete.rate or 0, complete.burst or 0))
        if self.routes:
            settings = dataclasses.replace(settings, route=self.routes[0])
            http = dataclasses.replace(http, more_routes=self.routes[1:])
        if self.stage:
            settings = dataclasses.replace(settings, stage=self.stage)
        return dataclasses.replace(settings, http=http)


def _parse_throttle(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[float, int | None] | None:
    """A rate limit: `RATE` or `RATE:BURST`."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(?::(\d+))?", value)
    if match is None:
        raise click.BadParameter(f"{value!r} is not a rate; expected requests/s, or RATE:BURST such as 10:20")
    return float(match[1]), int(match[2]) if match[2] else None


_OPTIONS = (
    click.option(
        "--route",
        "routes",
        multiple=True,
        metavar="ROUTE",
        help="Route of the HTTP API, as in 'POST /a/{b}'. Repeatable.",
    ),
    click.option(
        "--stage",
        metavar="NAME",
        help="Stage of the HTTP API: the first part of the path. Not a [stages.NAME] of iris-model.toml.",
    ),
    click.option(
        "--payload-format", type=click.Choice(["2.0", "1.0"]), help="Payload format of the HTTP API.  [default: 2.0]"
    ),
    click.option("--cors", "cors_origins", multiple=True, metavar="ORIGIN", help="Allowed CORS origin. Repeatable."),
    click.option(
        "--throttle",
        callback=_parse_throttle,
        metavar="RATE[:BURST]",
        help="Throttling of the HTTP API, in requests/s. BURST is RATE by default, rounded up.",
    ),
)


def http_options(command: Callable[..., Result]) -> Callable[..., Result]:
    """Add the options. The command receives them as `http`."""

    @functools.wraps(command)
    def wrapper(**values: Any) -> Result:
        names = [field.name for field in dataclasses.fields(HttpOptions)]
        return command(http=HttpOptions(**{name: values.pop(name) for name in names}), **values)

    for option in reversed(_OPTIONS):
        wrapper = option(wrapper)
    return wrapper
