"""Terms become columns: counted, hashed, weighed. Documents come as tables of one column of texts.

Sources: CountVectorizer, TfidfTransformer, HashingVectorizer, sklearn.preprocessing.normalize.
"""

from math import fabs, fsum, log, sqrt

from .sparse import run_sparse
from .text import make_analyzer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .packed import SparseTable

    SparseRow = dict[int, float]


def count_terms(
    rows: "list[list[str]]",
    *,
    vocabulary: "dict[str, int]",
    binary: bool,
    analyzer: str,
    ngrams: "Sequence[int]",
    lowercase: bool,
    accents: "str | None" = None,
    pattern: "str | None" = None,
    stop_words: "dict[str, Any] | None" = None,
) -> "list[SparseRow] | SparseTable":
    """How often each term of the vocabulary stands in each document; `binary`: whether it does."""

    def count(terms: "list[str]") -> "SparseRow":
        counts: SparseRow = {}
        for term in terms:
            if term in vocabulary:
                column = vocabulary[term]
                counts[column] = 1.0 if binary else counts.get(column, 0.0) + 1.0
        return counts

    analysis = (analyzer, ngrams, lowercase, accents, pattern, stop_words)
    return _count_all(rows, count, (vocabulary, len(vocabulary), False, binary), analysis)


def hash_terms(
    rows: "list[list[str]]",
    *,
    width: int,
    alternate_sign: bool,
    binary: bool,
    analyzer: str,
    ngrams: "Sequence[int]",
    lowercase: bool,
    accents: "str | None" = None,
    pattern: "str | None" = None,
    stop_words: "dict[str, Any] | None" = None,
) -> "list[SparseRow] | SparseTable":
    """Terms counted in the column of their hash, half of them downwards. Source: FeatureHasher."""

    def count(terms: "list[str]") -> "SparseRow":
        counts: SparseRow = {}
        for term in terms:
            number = murmurhash3(term.encode())
            negative = number >= 0x80000000
            column = (0x100000000 - number if negative else number) % width
            counts[column] = counts.get(column, 0.0) + (-1.0 if negative and alternate_sign else 1.0)
        # A term may have cancelled another; it is there nevertheless.
        return dict.fromkeys(counts, 1.0) if binary else counts

    analysis = (analyzer, ngrams, lowercase, accents, pattern, stop_words)
    return _count_all(rows, count, (None, width, alternate_sign, binary), analysis)


def _count_all(
    rows: "list[list[str]]", count: "Callable[[list[str]], SparseRow]", columns: "tuple[Any, ...]", analysis: "Any"
) -> "list[SparseRow] | SparseTable":
    """The counts of every document: by the kernel, which knows the `columns`, else by `count`, of its terms."""
    analyzer, ngrams, lowercase, _, pattern, stop_words = analysis
    analyze = make_analyzer(*analysis)
    # The kernel finds words in ASCII, and asks `analyze` for all else.
    plain = analyzer == "word" and list(ngrams) == [1, 1] and pattern is None and stop_words is None
    made = run_sparse("count_terms", rows, *columns, lowercase if plain else None, analyze)
    return [count(analyze(text)) for (text,) in rows] if made is None else made


def log_counts(rows: "list[SparseRow] | SparseTable") -> "list[SparseRow] | SparseTable":
    """log(x) + 1 of each count (`sublinear_tf`)."""
    if not isinstance(rows, list):
        return rows.replace([log(value) + 1.0 for value in rows.cells()])
    return [{index: log(value) + 1.0 for index, value in row.items()} for row in rows]


def normalize(rows: "Any", *, norm: str) -> "Any":
    """Each row over its norm: l1, l2 or max. A row of zeros stays. Sparse tables stay sparse."""
    if norm == "l2" and type(rows[0]) is dict:
        made = run_sparse("scale_sparse", rows, None)
        if made is not None:
            return made
    table: list[Any] = []
    for row in rows:
        cells = row.values() if type(row) is dict else row
        if norm == "l2":
            length = sqrt(fsum([value * value for value in cells]))
        elif norm == "l1":
            length = fsum(map(fabs, cells))
        else:
            length = max(map(fabs, cells), default=0.0)
        length = length or 1.0
        if type(row) is dict:
            table.append({index: value / length for index, value in row.items()})
        else:
            table.append([value / length for value in row])
    return table


def murmurhash3(data: bytes) -> int:
    """MurmurHash3 (x86, 32 bits, seed 0) of some bytes, as an unsigned number."""
    mask = 0xFFFFFFFF
    state = 0
    whole = len(data) & ~3
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little") * 0xCC9E2D51 & mask
        word = (word << 15 | word >> 17) & mask
        state ^= word * 0x1B873593 & mask
        state = (state << 13 | state >> 19) & mask
        state = (state * 5 + 0xE6546B64) & mask
    if whole < len(data):
        word = int.from_bytes(data[whole:], "little") * 0xCC9E2D51 & mask
        word = (word << 15 | word >> 17) & mask
        state ^= word * 0x1B873593 & mask
    state ^= len(data)
    state ^= state >> 16
    state = state * 0x85EBCA6B & mask
    state ^= state >> 13
    state = state * 0xC2B2AE35 & mask
    return state ^ state >> 16
