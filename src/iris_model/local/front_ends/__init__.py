"""How clients reach a function: Invoke API, HTTP API, function URL, and Lambda's read-only API."""
