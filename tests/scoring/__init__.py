"""Tests of the Python API and its batch core, compared with the original libraries and the containers' own libraries."""
