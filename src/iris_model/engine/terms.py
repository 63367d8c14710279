"""The terms of a large vocabulary, looked up in the file: sorted bytes, the end of each term, and its column.

A dict of a million terms takes most of a second to parse, and 200 MB. With lookups in the file, the opening time does
not depend on the number of terms. `compiler/emit.py` writes this format, and csrc/documents.c also reads it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Terms:
    """A vocabulary in UTF-8, with the methods of a dict from term to column that counting needs."""

    __slots__ = ("_columns", "_ends", "_letters")

    def __init__(self, letters: "Sequence[int]", ends: "Sequence[int]", columns: "Sequence[int]") -> None:
        self._letters, self._ends, self._columns = letters, ends, columns

    def __len__(self) -> int:
        return len(self._ends)

    def get(self, term: str) -> "int | None":
        """Return the column of a term, found by bisection, or None."""
        wanted = term.encode("utf-8", "surrogatepass")
        letters, ends = self._letters, self._ends
        low, high = 0, len(ends)
        while low < high:
            middle = (low + high) // 2
            found = bytes(letters[ends[middle - 1] if middle else 0 : ends[middle]])
            if found == wanted:
                return self._columns[middle]
            if found < wanted:
                low = middle + 1
            else:
                high = middle
        return None
