"""A syntax error while it is imported, in a file that tools can still read."""

compile("def handler(event, context:", "wrong_syntax.py", "exec")
