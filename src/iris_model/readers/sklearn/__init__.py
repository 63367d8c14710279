"""Readers for scikit-learn, one file per family of estimators.

No file here imports scikit-learn: a fitted estimator is read by its attributes, and found in the tables by the name of
its class. So nothing is imported to be supported, and opening this package costs nothing.
"""
