"""What cells of CSV files mean, in lower case: one list for rows to verify with and for rows to score."""

from __future__ import annotations

# What people write for a missing cell.
MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})

# Truth values, and the numbers that models calculate with.
TRUTH = {"true": 1.0, "false": 0.0}
