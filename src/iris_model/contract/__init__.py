"""Data types that several packages share, without behavior.

It imports no other package of iris-model. Every package may import it; `runtime` and `engine` only for types, because
it is not copied into a function.
"""
