"""`[batch]`: the state machine that scores objects of S3, as data."""

from __future__ import annotations

from dataclasses import dataclass

SCHEME = "s3://"


@dataclass(frozen=True)
class Batch:
    """The places that a batch may read and write, as `s3://BUCKET/PREFIX`."""

    input: str
    output: str
    concurrency: int = 100


def split_place(place: str) -> tuple[str, str]:
    """Return (bucket, prefix) of `s3://BUCKET/PREFIX`; the bucket of anything else is ""."""
    # No part of a URL: `?` and `#` are characters of a key.
    bucket, _, prefix = place.removeprefix(SCHEME).partition("/")
    return (bucket if place.startswith(SCHEME) else "", prefix)


def is_within(place: str, allowed: str) -> bool:
    """Whether `place` is `allowed`, or below it."""
    (bucket, prefix), (allowed_bucket, allowed_prefix) = split_place(place), split_place(allowed)
    return bucket == allowed_bucket and prefix.startswith(allowed_prefix)
