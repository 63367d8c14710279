"""iris-model takes a trained model to a pay-per-request HTTPS endpoint on AWS Lambda.

This file is shipped inside every function, so it imports nothing: each import here would be paid for at every cold start.
"""

__version__ = "0.1.0"
