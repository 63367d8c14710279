"""Nouns that several packages need, and nothing else: packages share nouns, never behavior.

It imports no other package of iris-model. Every package may import it; `runtime` and `engine` for types only, since
it does not travel in a function.
"""
