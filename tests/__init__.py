"""The tests are one package, so that two folders can both have a `test_errors.py`."""
