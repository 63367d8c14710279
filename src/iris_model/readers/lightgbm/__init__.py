"""LightGBM: its model text, and the wrappers with the methods of scikit-learn."""
