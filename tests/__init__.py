"""The tests are one package, so that two rooms may both have a `test_errors.py`."""
