"""LightGBM: its model text, and the wrappers with scikit-learn's methods."""
