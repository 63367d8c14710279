"""Names that a deployment package as a zip archive and its template share."""

from __future__ import annotations

NATIVE_RUNTIME = "provided.al2023"
"""Lambda's runtime for functions that bring their own executable."""

WRAPPER_FILE = "iris-model-start"
"""The file at the root of an archive that starts our Python runtime in place of AWS's."""

WRAPPER_VARIABLE = "AWS_LAMBDA_EXEC_WRAPPER"
"""A managed runtime starts the file that this variable names, with its own command as arguments.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html
"""

LARGEST_UNZIPPED_BYTES = 262_144_000
"""250 MB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

LARGEST_UPLOAD_BYTES = 52_428_800
"""50 MB: the largest archive that Lambda accepts in a call. Larger ones go through a bucket, as `deploy` does it."""
