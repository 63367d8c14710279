"""Read skops files: a zip of arrays and of a schema that names every type. Opening one executes no code of the file.

`scan` reads the schema itself. `load` imports skops.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from iris_model.readers.names import public_name

from .calls import CLASSES_NEVER_HELD, COUNTS, METHOD_ATTRIBUTES, OF_NUMBERS, judge_methods
from .compressed import bound
from .scan import VERSION_KEYS, PickleScan
from .trusted import CREATED_CLASSES, OF_PANDAS, is_given, is_irrelevant, plain_name
from .versions import is_written

# Loaders that name a class of numpy or a tree, and fill it with data.
_OF_ARRAYS = frozenset({"MaskedArrayNode", "NdArrayNode", "TreeNode"})
# Functions that a pickle calls and that no object stores.
_ONLY_CALLED = frozenset(
    name
    for name in COUNTS
    if re.match("[_a-z]", name.rpartition(".")[2]) and name.partition(".")[0] not in ("builtins", "functools")
) - {"numpy.dtype", "collections.defaultdict"}
_NONE = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": "null", "is_json": True}


class NotSkops(ValueError):
    """The bytes are not a skops file. The message gives the reason."""


# skops loaders that create a class and set its state, or that load plain data. Loaders that call a method or an
# operator that the file chooses are not included.
LOADERS = frozenset(
    {
        *(
            "BytearrayNode",
            "BytesNode",
            "CachedNode",
            "ConstructorFromReduceNode",
            "DTypeNode",
            "DefaultDictNode",
            "DictNode",
        ),
        *(
            "FunctionNode",
            "JsonNode",
            "ListNode",
            "LossNode",
            "MaskedArrayNode",
            "NdArrayNode",
            "ObjectNode",
            "PartialNode",
        ),
        *("QuantileForestNode", "RandomGeneratorNode", "RandomStateNode", "SetNode", "SliceNode", "SparseMatrixNode"),
        *("TreeNode", "TupleNode", "TypeNode", "_DictWithDeprecatedKeysNode"),
    }
)
# The limit for schema.json, which names every object of a model.
MOST_SCHEMA_BYTES = 64 << 20
MOST_FILES = 100_000
# In older versions a node can name one type and load another.
OLDEST = (0, 13)


def _read_schema(data: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        total = sum(entry.file_size for entry in entries)
        if total > bound(len(data)) or len(entries) > MOST_FILES:
            raise NotSkops(
                f"it has {len(data)} bytes, but contains {len(entries)} files of {total >> 20} MB: no model compresses so well"
            )
        # A schema of nested nodes takes about thirty times its size in memory.
        if archive.getinfo("schema.json").file_size > min(MOST_SCHEMA_BYTES, max(1 << 20, 20 * len(data))):
            raise NotSkops("its schema is larger than that of any model")
        return json.loads(archive.read("schema.json"))


def scan(data: bytes) -> PickleScan:
    """Return what the schema names, without importing anything. Raises NotSkops."""
    try:
        schema = _read_schema(data)
        outermost = public_name(schema["__module__"], schema["__class__"])
    except NotSkops:
        raise
    except (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        NotImplementedError,
        EOFError,
        RecursionError,
    ) as error:
        raise NotSkops(f"{type(error).__name__}: {error}") from None
    names: dict[tuple[str, str], None] = {}
    calls: dict[tuple[str, str], None] = {}
    versions: dict[str, dict[str, None]] = {}
    waiting: list[Any] = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        if not isinstance(node, dict):
            continue
        loader = node.get("__loader__")
        if isinstance(loader, str) and loader not in LOADERS:
            calls[loader, f"asks for the loader {loader}"] = None
        module, name = node.get("__module__"), node.get("__class__")
        if problem := _judge_node(loader, f"{module}.{name}"):
            calls[f"{module}.{name}", problem] = None
        if problem := judge_methods({key: _texts(node[key]) for key in METHOD_ATTRIBUTES & node.keys()}):
            calls[f"{module}.{name}", problem] = None
        if isinstance(module, str) and isinstance(name, str):
            names[module, name] = None
        for key, library in VERSION_KEYS.items():
            said = node.get(key)
            written = said.get("content") if isinstance(said, dict) else None
            if isinstance(written, str) and is_written(written.strip('"')):
                versions.setdefault(library, {})[written.strip('"')] = None
        waiting += node.values()
    found_versions = {library: tuple(found) for library, found in versions.items()}
    return PickleScan(tuple(names), found_versions, outermost, tuple(calls))


def _judge_node(loader: Any, name: str) -> str:
    """Return the problem with a node that names `name`; "" if there is none."""
    name = plain_name(name)
    if name in CLASSES_NEVER_HELD and loader not in _OF_ARRAYS:
        return f"holds {name}"
    # In a pickle, these names are only called, with checked arguments, or are read without the library.
    if name in _ONLY_CALLED or name in OF_PANDAS or (name in CREATED_CLASSES and name.startswith("pandas.")):
        return f"holds {name}"
    if loader == "ConstructorFromReduceNode" and not name.startswith("pathlib."):
        return f"calls {name} with arguments"
    if loader == "LossNode" and name.rpartition(".")[0] not in OF_NUMBERS:
        return f"calls {name} with arguments"
    return ""


def without_irrelevant(data: bytes, trust: Sequence[str]) -> bytes:
    """Return the file with None in place of objects that no prediction needs, such as distributions and caches."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read("schema.json"))
        if not _drop_irrelevant(schema, trust):
            return data
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as changed:
            for name in archive.namelist():
                content = json.dumps(schema).encode() if name == "schema.json" else archive.read(name)
                changed.writestr(name, content)
    return buffer.getvalue()


def _drop_irrelevant(schema: Any, trust: Sequence[str]) -> bool:
    found = False
    waiting: list[Any] = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            name = plain_name(f"{node.get('__module__')}.{node.get('__class__')}")
            if "__loader__" in node and is_irrelevant(name) and not is_given(name, trust):
                found = True
                node.clear()
                node.update(_NONE)
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return found


def _texts(node: Any) -> list[Any]:
    """Return the plain values in a node, at any depth."""
    found, waiting = [], [node]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict) and value.get("__loader__") == "JsonNode":
            found.append(json.loads(value["content"]) if isinstance(value.get("content"), str) else value)
        elif isinstance(value, dict):
            waiting.append(value.get("content"))
    return found


def find_unknown(data: bytes) -> list[tuple[str, str]]:
    """Return the types that skops does not trust by default, as (module, name)."""
    import skops.io

    installed = metadata.version("skops")
    if tuple(int(part) for part in installed.split(".")[:2] if part.isdecimal()) < OLDEST:
        raise RuntimeError(
            f"{installed} is installed, and {'.'.join(map(str, OLDEST))} or newer is needed, because it loads only "
            f"the names in a file"
        )
    return [tuple(name.rpartition(".")[::2]) for name in skops.io.get_untrusted_types(data=data)]


def load(data: bytes) -> Any:
    """Build the object. Call it only after every unknown type was checked."""
    import skops.io

    return skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))
