"""Tests of the package `project`."""
