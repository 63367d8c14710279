"""Trees behind transformers: rows on their thresholds, and thresholds with the same result on every machine."""
