"""Images on disk: layouts and archives."""
