"""`requirements.txt`: compared with the imports of the function, and installed."""
