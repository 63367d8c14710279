"""skops files: a zip of arrays and of a schema that names every type. Nothing in one runs by being opened.

`scan` reads the schema as it is; `load` asks skops, and imports it.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from .names import public_name
from .pickles import VERSION_KEYS, PickleScan


class NotSkops(ValueError):
    """The bytes are no skops file; the message says why."""


def scan(data: bytes) -> PickleScan:
    """Return what the schema names, without importing anything."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            schema = json.loads(archive.read("schema.json"))
        outermost = public_name(schema["__module__"], schema["__class__"])
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, NotImplementedError, EOFError) as error:
        raise NotSkops(f"{type(error).__name__}: {error}") from None
    names: dict[tuple[str, str], None] = {}
    versions: dict[str, dict[str, None]] = {}
    waiting: list[Any] = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        if not isinstance(node, dict):
            continue
        module, name = node.get("__module__"), node.get("__class__")
        if isinstance(module, str) and isinstance(name, str):
            names[module, name] = None
        for key, library in VERSION_KEYS.items():
            said = node.get(key)
            if isinstance(said, dict) and isinstance(said.get("content"), str):
                versions.setdefault(library, {})[said["content"].strip('"')] = None
        waiting += node.values()
    return PickleScan(tuple(names), {library: tuple(found) for library, found in versions.items()}, outermost)


def find_unknown(data: bytes) -> list[tuple[str, str]]:
    """The types that skops does not trust by itself, as (module, name)."""
    import skops.io

    return [tuple(name.rpartition(".")[::2]) for name in skops.io.get_untrusted_types(data=data)]


def load(data: bytes) -> Any:
    """Build the object. Call it when every unknown type has been judged."""
    import skops.io

    return skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))
