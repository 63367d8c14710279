"""`iris-model.toml`: its keys, and their checked values."""
