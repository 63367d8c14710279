"""The format and compression of a file, from its name."""

from __future__ import annotations

from dataclasses import dataclass

from iris_model.errors import IrisModelError

# Suffix -> format, and suffix -> compression.
FORMATS = {"csv": "csv", "tsv": "tsv", "jsonl": "jsonl", "ndjson": "jsonl", "parquet": "parquet"}
COMPRESSIONS = {"gz": "gzip", "zst": "zstd"}


@dataclass(frozen=True)
class Format:
    """`kind` is csv, tsv, jsonl or parquet; `compression` is gzip, zstd or empty."""

    kind: str
    compression: str = ""

    @property
    def delimiter(self) -> str:
        """The delimiter between cells."""
        return "\t" if self.kind == "tsv" else ","

    @property
    def is_table(self) -> bool:
        """Whether a record is a line of cells."""
        return self.kind in ("csv", "tsv")


def find_format(name: str, wanted: str | None = None) -> Format:
    """Return the format of a file. `wanted` (such as `csv` or `jsonl.gz`) replaces the suffix of the name."""
    parts = (wanted or name).lower().rsplit("/", 1)[-1].split(".")
    compression = COMPRESSIONS.get(parts[-1], "")
    kind = FORMATS.get(parts[-2 if compression and len(parts) > 1 else -1])
    if kind is None:
        raise IrisModelError(
            f"{name} has no known suffix: expected a name that ends in "
            f"{', '.join('.' + each for each in FORMATS)}, optionally followed by .gz or .zst",
            remedy="Rename the file, or state the format with --input-format or --output-format.",
        )
    if kind == "parquet" and compression:
        raise IrisModelError(
            f"{name} is Parquet in {compression}: expected .parquet without another suffix, because Parquet is compressed inside",
            remedy="Decompress the file, or name the output .parquet.",
        )
    return Format(kind, compression)
