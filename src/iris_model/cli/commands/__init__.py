"""One file per command; the file has the command's name."""
