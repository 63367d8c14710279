"""The columns of a wide model: they stay in the file until a request needs them.

Columns that differ only in name and range share an entry, their kind. A dict of each of 10,000 columns takes longer to
parse than the rest of the model, and one row of numbers needs none of them. `compiler/shared_columns.py` writes this
format, and bootstrap/signature.c also reads it. Imported only if the model is wide.
"""

from .rows import KIND_WORDS, RowEncoder, limit_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from iris_model.contract.signature import Column, SharedColumns

    from .container import Container

SEPARATOR = "\0"


class WideColumns:
    """The columns as a sequence of dicts, which are created when they are read. `in` looks for a name."""

    def __init__(self, shared: "SharedColumns", container: "Container") -> None:
        """Raises TypeError or ValueError if the parts do not fit together, and ModelFormatError for a damaged tensor."""
        self.kinds: list[Column] = shared["kinds"]
        self._count: int = shared["count"]
        self._text = bytes(container.tensor("signature.names")[0]).decode()
        self.numbers = bytes(container.tensor("signature.kinds")[0])
        self._ranges = [
            container.tensor(f"signature.{end}")[0]
            for end in ("minimum", "maximum")
            if any("minimum" in kind for kind in self.kinds)
        ]
        for kind in self.kinds:
            if kind["kind"] not in KIND_WORDS:
                raise TypeError(f"a valid column, instead of {kind!r}")
        counts = {len(self.numbers), self._text.count(SEPARATOR) + 1, *map(len, self._ranges)}
        if counts != {self._count} or max(self.numbers) >= len(self.kinds):
            raise ValueError("the names, kinds and ranges of its columns")
        self._names: list[str] | None = None
        self._whole: list[Column] | None = None

    @property
    def names(self) -> "list[str]":
        """The names in the order of the columns."""
        if self._names is None:
            self._names = self._text.split(SEPARATOR)
        return self._names

    def whole(self) -> "list[Column]":
        """Return all columns as the list of a signature."""
        if self._whole is None:
            self._whole = [self._make(index) for index in range(self._count)]
        return self._whole

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> "Iterator[Column]":
        return iter(self.whole())

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, index: "int | slice") -> "Column | list[Column]":
        if isinstance(index, slice):
            return [self._make(each) for each in range(*index.indices(self._count))]
        return self._make(index)

    def _make(self, index: int) -> "Column":
        # The keys keep their order: that of the file.
        column: Column = {**self.kinds[self.numbers[index]], "name": self.names[index]}
        if "minimum" in column:
            column["minimum"], column["maximum"] = (view[index] for view in self._ranges)
        return column


class WideRowEncoder(RowEncoder):
    """Encodes rows of a wide model. Opening it reads neither names nor ranges."""

    def __init__(self, shared: "SharedColumns", container: "Container") -> None:
        columns = self._wide = WideColumns(shared, container)
        self.columns = columns  # type: ignore[assignment]
        self.width = len(columns)
        kinds = columns.kinds
        limits = [limit_of(kind) for kind in kinds]
        self._limits = limits * self.width if len(kinds) == 1 else [limits[number] for number in columns.numbers]
        self.least_limit = min(limits) if all(limit == limit for limit in limits) else -1.0
        flags = bytes([bool(kind.get("missing")) for kind in kinds])
        self.missing = columns.numbers.translate(flags + bytes(256 - len(flags)))

    @property
    def names(self) -> "list[str]":  # type: ignore[override]
        """The names in the order of the columns."""
        return self._wide.names
