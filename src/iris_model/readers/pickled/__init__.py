"""Pickles, joblib and skops files: checked first, then built only from accepted parts."""
