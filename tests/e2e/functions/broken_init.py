"""Fails while it is imported."""


def bloom():
    raise OSError("the model file is missing")


bloom()
