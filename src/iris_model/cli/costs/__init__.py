"""The parts of `iris-model cost`: where numbers come from, and how they are printed."""
