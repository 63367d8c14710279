"""Compare the answers of the deployed function with the golden rows."""
