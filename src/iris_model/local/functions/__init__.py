"""The functions of the service: find them by name, describe them, and replace them while they serve."""
