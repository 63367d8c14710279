"""Other people's clients and formats against the local service with real models."""
