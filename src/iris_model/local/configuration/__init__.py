"""The settings of a function. This package contains only values and starts nothing."""
