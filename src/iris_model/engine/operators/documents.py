"""Convert documents to columns: count, hash and weight terms. Documents are tables with one column of strings.

Sources: CountVectorizer, TfidfTransformer, HashingVectorizer, sklearn.preprocessing.normalize.
"""

from math import fabs, fsum, log, sqrt

from iris_model.engine.text import make_analyzer

from .sparse import run_sparse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from iris_model.engine.packed import SparseTable

    SparseRow = dict[int, float]
    # Analyzer, lengths of n-grams, whether in lower case, accents, pattern, stop words.
    Analysis = tuple[str, Sequence[int], bool, str | None, str | None, dict[str, object] | None]


def count_terms(
    rows: "list[list[str]]",
    *,
    binary: bool,
    analyzer: str,
    ngrams: "Sequence[int]",
    lowercase: bool,
    vocabulary: "dict[str, int] | None" = None,
    accents: "str | None" = None,
    pattern: "str | None" = None,
    stop_words: "dict[str, object] | None" = None,
    term_letters: "Sequence[int]" = (),
    term_ends: "Sequence[int]" = (),
    term_columns: "Sequence[int]" = (),
) -> "list[SparseRow] | SparseTable":
    """Count each term of the vocabulary in each document; with `binary`, 1 for a term that occurs.

    The last three arguments hold a large vocabulary (terms.py).
    """
    find: Callable[[str], int | None]
    columns: tuple[object, ...]
    if vocabulary is None:
        from iris_model.engine.terms import Terms

        find = Terms(term_letters, term_ends, term_columns).get
        columns = ((term_letters, term_ends, term_columns), len(term_ends), False, binary)
    else:
        find = vocabulary.get
        columns = (vocabulary, len(vocabulary), False, binary)

    def count(terms: "list[str]") -> "SparseRow":
        counts: SparseRow = {}
        for term in terms:
            column = find(term)
            if column is not None:
                counts[column] = 1.0 if binary else counts.get(column, 0.0) + 1.0
        return counts

    return _count_all(rows, count, columns, (analyzer, ngrams, lowercase, accents, pattern, stop_words))


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
    stop_words: "dict[str, object] | None" = None,
) -> "list[SparseRow] | SparseTable":
    """Add 1 in the column of each term's hash, or -1 for half of the hashes. Source: FeatureHasher."""

    def count(terms: "list[str]") -> "SparseRow":
        counts: SparseRow = {}
        for term in terms:
            number = murmurhash3(term.encode())
            negative = number >= 0x80000000
            column = (0x100000000 - number if negative else number) % width
            counts[column] = counts.get(column, 0.0) + (-1.0 if negative and alternate_sign else 1.0)
        # If the 1 of a term and the -1 of another one cancel, the terms still occur.
        return dict.fromkeys(counts, 1.0) if binary else counts

    analysis = (analyzer, ngrams, lowercase, accents, pattern, stop_words)
    return _count_all(rows, count, (None, width, alternate_sign, binary), analysis)


def _count_all(
    rows: "list[list[str]]",
    count: "Callable[[list[str]], SparseRow]",
    columns: "tuple[object, ...]",
    analysis: "Analysis",
) -> "list[SparseRow] | SparseTable":
    """Return the counts of every document, from the C kernel (with `columns`), or else from `count`."""
    analyzer, ngrams, lowercase, _, pattern, stop_words = analysis
    analyze = make_analyzer(*analysis)
    # The kernel finds words in ASCII, and calls `analyze` for other documents.
    plain = analyzer == "word" and list(ngrams) == [1, 1] and pattern is None and stop_words is None
    made = run_sparse("count_terms", rows, *columns, lowercase if plain else None, analyze)
    return [count(analyze(text)) for (text,) in rows] if made is None else made


def log_counts(rows: "list[SparseRow] | SparseTable") -> "list[SparseRow] | SparseTable":
    """Return log(x) + 1 for each count (`sublinear_tf`)."""
    if not isinstance(rows, list):
        return rows.replace([log(value) + 1.0 for value in rows.cells()])
    return [{index: log(value) + 1.0 for index, value in row.items()} for row in rows]


def normalize(rows: "Any", *, norm: str) -> object:
    """Divide each row by its norm: l1, l2 or max. A row of zeros stays. Sparse tables stay sparse."""
    if norm == "l2" and type(rows[0]) is dict:
        made = run_sparse("scale_sparse", rows, None)
        if made is not None:
            return made
    table: list[object] = []
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
    """Return MurmurHash3 (x86, 32 bits, seed 0) of `data` as an unsigned number."""
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
