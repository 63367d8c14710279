"""`iris-model.toml`: its keys, and the checked values in them."""
