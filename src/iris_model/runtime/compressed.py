"""Compress answers with gzip for clients that accept it. Imported only for a large answer."""

from .events import Reply

LEVEL = 4
"""For JSON numbers: a few per cent larger than the best level, in a third of the time."""


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header accepts gzip (RFC 9110, 12.5.3): by name or as `*`, with a positive weight."""
    weights = {}
    for part in accept_encoding.lower().split(","):
        coding, _, parameters = part.partition(";")
        name, _, weight = parameters.strip().partition("=")
        try:
            weights[coding.strip()] = float(weight) if name.strip() == "q" else 1.0
        except ValueError:
            weights[coding.strip()] = 0.0
    return next((weights[coding] for coding in ("gzip", "x-gzip", "*") if coding in weights), 0.0) > 0.0


def compress(reply: Reply) -> None:
    """Replace the reply's text by base64 of its gzip: Lambda's answers are JSON. The front end decodes base64."""
    from binascii import b2a_base64
    from zlib import compressobj

    packer = compressobj(LEVEL, wbits=31)  # 16 + 15: a gzip header without a time, and the largest window
    packed = packer.compress(reply.text.encode("utf-8")) + packer.flush()
    reply.text = b2a_base64(packed, newline=False).decode("ascii")
    reply.is_base64 = True
    reply.headers = {**reply.headers, "content-encoding": "gzip"}
