"""Words in cells of CSV files, in lower case, for verification rows and for rows to score."""

from __future__ import annotations

# Words for a missing cell.
MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})

# Words for true and false, and the numbers that stand for them.
TRUTH = {"true": 1.0, "false": 0.0}
