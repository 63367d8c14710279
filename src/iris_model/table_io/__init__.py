"""Score files of rows: streamed, on all processors, with answers in input order. An interrupted run can continue.

    formats     the format and compression of a file, from its name
    sources     paths, patterns and directories to input files; decompression
    blocks      split an input into blocks of complete records
    records     parse a block (CSV, JSON Lines or Arrow) into columns
    scoring     compute answers, and separate the rows that the model refuses
    encoding    encode answers as a block of the output
    sinks       write the output to a temporary file, renamed when it is complete
    journal     record the progress of a run, for the next run
    run         all of that with a pool of processes
    comparison  compare two models on the same rows

Needs pyarrow only for Parquet files, and zstandard only for zstd files.
"""

from .comparison import ChangedRow, Comparison, compare_files
from .formats import FORMATS, Format, find_format
from .run import Progress, Request, Summary, predict_files
from .sources import find_inputs

__all__ = [
    "FORMATS",
    "ChangedRow",
    "Comparison",
    "Format",
    "Progress",
    "Request",
    "Summary",
    "compare_files",
    "find_format",
    "find_inputs",
    "predict_files",
]
