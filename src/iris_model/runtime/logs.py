"""The log of the function: its destination, and the format of `logging` records. Formats are those of awslambdaric.

Importing `logging` takes 13 ms, so it is set up only when the user's code imports it.
"""

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import TypedDict

    class ErrorDocument(TypedDict):
        """What the caller of a failed invocation gets."""

        errorMessage: str
        errorType: str
        requestId: str
        stackTrace: list[str] | None


# Frame types of the telemetry file descriptor; the low byte encodes level and format (lambda-contract 1.5).
TEXT_FRAME = 0xA55A0003
JSON_FRAME = 0xA55A0002
LEVEL_STEP = {0: 0x00, 10: 0x08, 20: 0x0C, 30: 0x10, 40: 0x14, 50: 0x18}

# On plain stdout the lines of a traceback stay one log event, because they end in a carriage return and start with
# no-break spaces.
NO_BREAK_SPACE = "\u00a0"


class Sink:
    """The destination of log messages: standard output, or frames on the descriptor that the platform names."""

    def __init__(self, descriptor: "int | None") -> None:
        self._descriptor = descriptor
        self.request_id = ""
        self.tenant_id: str | None = None
        self.is_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
        # If neither format nor level is configured, the platform expects records without levels.
        self.frames_levels = self.is_json or bool(os.environ.get("AWS_LAMBDA_LOG_LEVEL"))

    def write(self, message: str, level: int = 0) -> None:
        """Write one message. On standard output the message must end with its own line feed."""
        if self._descriptor is None:
            sys.stdout.write(message)
            return
        data = message.encode("utf-8", "replace")
        kind = (JSON_FRAME if self.is_json and level else TEXT_FRAME) + LEVEL_STEP[level]
        header = kind.to_bytes(4, "big") + len(data).to_bytes(4, "big") + (time.time_ns() // 1000).to_bytes(8, "big")
        os.write(self._descriptor, header + data)

    def write_error(self, document: "ErrorDocument") -> None:
        """Log an error document."""
        if self.is_json:
            from .marshal import encode_json

            record = {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "level": "ERROR", **document}
            self.write(encode_json(record) + ("\n" if self._descriptor is None else ""), 40)
            return
        lines = describe_error(document)
        if self._descriptor is None:
            self.write("\r".join(lines) + "\n")
        else:
            self.write("\n".join(lines), 40)


def describe_error(document: "ErrorDocument") -> list[str]:
    """Return the lines of an error document in text format."""
    head = ": ".join(part for part in (document["errorType"], document["errorMessage"]) if part)
    lines = [f"[ERROR] {head}" if head else "[ERROR]"]
    if document["stackTrace"] is not None:
        lines.append("Traceback (most recent call last):")
    for entry in document["stackTrace"] or ():
        for line in entry.splitlines():
            text = line.lstrip(" ")
            lines.append(NO_BREAK_SPACE * (len(line) - len(text)) + text)
    return lines


_sink: "Sink | None" = None


def sink() -> Sink:
    """Return the sink of this process."""
    global _sink
    if _sink is None:
        descriptor = os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None)
        _sink = Sink(int(descriptor) if descriptor else None)
    return _sink


def configure_when_imported() -> None:
    """Set up `logging` now if it is imported, else when the user's code imports it."""
    if "logging" in sys.modules:
        _configure(sys.modules["logging"])
    else:
        sys.meta_path.insert(0, _LoggingFinder())


class _LoggingFinder:
    """Finds `logging` as the default finders do, and sets it up right after its import."""

    def find_spec(
        self, name: str, path: "Sequence[str] | None", target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _ConfiguringLoader(spec.loader)  # type: ignore[assignment]
                return spec
        return None


class _ConfiguringLoader:
    def __init__(self, loader: "Loader") -> None:
        self._loader = loader

    def create_module(self, spec: "ModuleSpec") -> "ModuleType | None":
        return self._loader.create_module(spec)

    def exec_module(self, module: "ModuleType") -> None:
        module.__spec__.loader = module.__loader__ = self._loader  # type: ignore[union-attr]
        self._loader.exec_module(module)
        _configure(module)


def _configure(logging: "ModuleType") -> None:
    from .log_records import make_handler

    root = logging.getLogger()
    root.addHandler(make_handler(logging, sink()))
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    level = "DEBUG" if level == "TRACE" else level
    if level in logging.getLevelNamesMapping():
        root.setLevel(level)
