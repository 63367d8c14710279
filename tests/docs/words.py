"""The words that the project does not use, and why: the guide is plain technical English (docs/reference/glossary.md).

Each entry is a regular expression between word boundaries, and the reason with the word to use. Names of files, of tests and
identifiers are not judged, only prose: pages, comments, docstrings, messages, page texts.
"""

from __future__ import annotations

import re

BANNED = {
    r"anew": "archaic; write `again`",
    r"mends?|mended|mending": "archaic; write `fix`, `repair` or `correct`",
    r"told": "who says it to whom? write what happens: `prints`, `reports`, `selected by`",
    r"ways? out": "a riddle; write `hint` or `fix`",
    r"beside": "confused with `besides`; write `next to`, `attached to` or `in addition to`",
    r"besides": "confused with `beside`; write `also` or `in addition`",
    r"of ours": "write `our` or name the thing",
    r"say so|says so|said so": "refers to nothing; write what is printed or marked",
    r"rooms?": "our private word; write `package` (or `space` on a disk)",
    r"laws?": "our private word; write `rule` or `invariant`",
    r"whoever|whosoever": "write who: the user, the caller, the deployer",
    r"hence|thereby|thereof|therein|wherein|whereby": "legal English; write `so` or `therefore`",
    r"to be had": "inverted; write `available`",
    r"for want of": "archaic; write `without` or `because there is no`",
    r"at hand": "write `available`",
    r"shall": "write `must` or `will`",
    r"one and the same": "write `the same`",
    r"as is its wont|lest|albeit|whilst|amongst": "archaic",
    r"dearer": "write `more expensive`",
}

PATTERNS = {re.compile(rf"\b(?:{words})\b", re.IGNORECASE): reason for words, reason in BANNED.items()}


def find_banned(text: str) -> list[str]:
    """Each banned word of a text, with the line and the reason."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, reason in PATTERNS.items():
            found += [f"{number}: {match[0]!r}: {reason}" for match in pattern.finditer(line)]
    return found
