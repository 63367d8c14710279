"""Converters for imbalanced-learn. Its samplers do nothing at prediction, so its models are those of scikit-learn."""
