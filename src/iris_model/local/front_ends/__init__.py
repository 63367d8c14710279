"""The interfaces through which clients reach a function: Invoke API, HTTP API, function URL, Lambda's read-only API."""
