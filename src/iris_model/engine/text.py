"""Split documents into terms: words or characters, and n-grams of them. Source: sklearn.feature_extraction.text.

The default token pattern needs no `re`: a token is two or more word characters, which are underscores or accepted by
`str.isalnum`. `re` uses the same definition.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DEFAULT_PATTERN = r"(?u)\b\w\w+\b"
ASCII_WORDS = "".join([chr(code) if chr(code).isalnum() or code == ord("_") else " " for code in range(128)])


def make_analyzer(
    analyzer: str,
    ngrams: "Sequence[int]",
    lowercase: bool,
    accents: "str | None",
    pattern: "str | None",
    stop_words: "dict[str, object] | None",
) -> "Callable[[str], list[str]]":
    """Return the function from a document to its list of terms."""
    shortest, longest = ngrams

    def analyze(document: str) -> "list[str]":
        if lowercase:
            document = document.lower()
        if accents is not None:
            document = strip_accents(document, accents == "ascii")
        if analyzer == "char":
            return character_runs(document, shortest, longest)
        if analyzer == "char_wb":
            return padded_word_runs(document, shortest, longest)
        tokens = tokenize(document) if pattern is None else _find_all(pattern, document)
        if stop_words is not None:
            tokens = [token for token in tokens if token not in stop_words]
        return tokens if longest == 1 else word_runs(tokens, shortest, longest)

    return analyze


def tokenize(document: str) -> "list[str]":
    """Return the runs of two or more word characters."""
    if document.isascii():
        spaced = document.translate(ASCII_WORDS)
    else:
        spaced = "".join([char if char.isalnum() or char == "_" else " " for char in document])
    return [token for token in spaced.split() if len(token) > 1]


def word_runs(tokens: "list[str]", shortest: int, longest: int) -> "list[str]":
    """Return every run of `shortest` to `longest` tokens, joined by spaces."""
    terms = list(tokens) if shortest == 1 else []
    for length in range(max(shortest, 2), min(longest, len(tokens)) + 1):
        terms += [" ".join(tokens[start : start + length]) for start in range(len(tokens) - length + 1)]
    return terms


def character_runs(document: str, shortest: int, longest: int) -> "list[str]":
    """Return every run of `shortest` to `longest` characters.

    White space of two or more characters counts as one space.
    """
    document = collapse_spaces(document)
    terms: list[str] = []
    for length in range(shortest, min(longest, len(document)) + 1):
        terms += [document[start : start + length] for start in range(len(document) - length + 1)]
    return terms


def padded_word_runs(document: str, shortest: int, longest: int) -> "list[str]":
    """Return the character n-grams of each word with a space added at both ends. A short word is counted once."""
    terms: list[str] = []
    for word in document.split():
        word = f" {word} "
        for length in range(shortest, longest + 1):
            if length >= len(word):
                terms.append(word)
                break
            terms += [word[start : start + length] for start in range(len(word) - length + 1)]
    return terms


def collapse_spaces(document: str) -> str:
    """Replace white space of two or more characters by one space. A single character stays as it is."""
    if " ".join(document.split()) == document:
        return document
    pieces = []
    run = ""
    for char in document:
        if char.isspace():
            run += char
            continue
        if run:
            pieces.append(run if len(run) == 1 else " ")
            run = ""
        pieces.append(char)
    if run:
        pieces.append(run if len(run) == 1 else " ")
    return "".join(pieces)


def strip_accents(document: str, to_ascii: bool) -> str:
    """Drop combining marks; `to_ascii` then drops all other characters that are not ASCII."""
    if document.isascii():
        return document
    from unicodedata import combining, normalize

    parts = normalize("NFKD", document)
    if to_ascii:
        return parts.encode("ascii", "ignore").decode("ascii")
    return "".join([char for char in parts if not combining(char)])


def _find_all(pattern: str, document: str) -> "list[str]":
    # This import takes 8 ms, only for models with a custom pattern. `re` caches the compiled pattern.
    from re import findall

    return findall(pattern, document)
