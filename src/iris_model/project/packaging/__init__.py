"""The function directory: which files are shipped, in what form, and how they are written."""
