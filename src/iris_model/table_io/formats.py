"""The format and the compression of a file, by its name."""

from __future__ import annotations

from dataclasses import dataclass

from iris_model.errors import IrisModelError

# Suffix -> format, and suffix -> compression.
FORMATS = {"csv": "csv", "tsv": "tsv", "jsonl": "jsonl", "ndjson": "jsonl", "parquet": "parquet"}
COMPRESSIONS = {"gz": "gzip", "zst": "zstd"}


@dataclass(frozen=True)
class Format:
    """`kind` is csv, tsv, jsonl or parquet; `compression` is gzip, zstd or nothing."""

    kind: str
    compression: str = ""

    @property
    def delimiter(self) -> str:
        """What stands between the cells of a line."""
        return "\t" if self.kind == "tsv" else ","

    @property
    def is_table(self) -> bool:
        """Whether a record is a line of cells."""
        return self.kind in ("csv", "tsv")


def find_format(name: str, wanted: str | None = None) -> Format:
    """The format of a file of this name; `wanted` (`csv`, `jsonl.gz`) takes the place of the name."""
    parts = (wanted or name).lower().rsplit("/", 1)[-1].split(".")
    compression = COMPRESSIONS.get(parts[-1], "")
    kind = FORMATS.get(parts[-2 if compression and len(parts) > 1 else -1])
    if kind is None:
        raise IrisModelError(
            f"{name} does not say its format: expected a name that ends in "
            f"{', '.join('.' + each for each in FORMATS)}, with .gz or .zst after it or not",
            remedy="Rename the file, or state the format with --input-format or --output-format.",
        )
    if kind == "parquet" and compression:
        raise IrisModelError(
            f"{name} is Parquet in {compression}: expected .parquet alone, which is compressed inside",
            remedy="Decompress the file, or name the output .parquet.",
        )
    return Format(kind, compression)
