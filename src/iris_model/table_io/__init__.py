"""Files of rows in, files of answers out: streamed, on all processors, in order, restartable.

    formats     the format and the compression of a file, by its name
    sources     paths, patterns and directories to inputs; compressed streams
    blocks      an input to blocks of whole records, with the place where each begins
    records     a block to columns: CSV, JSON Lines or Arrow
    scoring     columns to answers, with the rows that the model refuses
    encoding    answers to a block of the output
    sinks       blocks of the output to a file that appears when it is whole
    journal     how far a run came, for the next one
    run         the flow of all of that over a pool of processes
    comparison  the same rows through two models

Imports nothing that is not installed with the package, but pyarrow where a file is Parquet, and zstandard where it is zstd.
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
