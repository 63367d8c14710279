"""The bucket of zip archives."""
