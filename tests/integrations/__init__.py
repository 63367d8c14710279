"""The model inside real engines, in their own environment, compared with the golden rows of the original."""
