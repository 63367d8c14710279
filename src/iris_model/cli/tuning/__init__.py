"""Parts of `iris-model tune`: measurements on this machine and on AWS, and their output."""
