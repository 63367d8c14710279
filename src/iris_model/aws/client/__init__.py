"""Calls to AWS: the session, every call, and explanations of errors. Imports nothing else of `aws`."""
