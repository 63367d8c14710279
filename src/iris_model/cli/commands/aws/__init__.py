"""One file per command that talks to AWS, or prints what AWS gets."""
