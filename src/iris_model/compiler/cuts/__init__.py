"""Trees behind transformers: rows that meet their thresholds, and thresholds that hold on every machine."""
