"""The functions of the service: found by name, described, and replaced while they serve."""
