"""The settings of a function: only values, nothing is started."""
