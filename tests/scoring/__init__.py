"""The Python API and its batch core, against the original libraries and the containers' own libraries."""
