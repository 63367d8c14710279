"""The parts of `iris-model tune`: measurements here and on AWS, and how they are printed."""
