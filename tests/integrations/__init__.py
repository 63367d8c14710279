"""The model inside real engines, in an environment of their own, held to the golden rows of the original."""
