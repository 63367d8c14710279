"""Converters for scikit-learn, one file for each family of estimators.

No file here imports scikit-learn: a fitted estimator is read by its attributes, and its class is found in tables by
name. So importing this package is fast.
"""
