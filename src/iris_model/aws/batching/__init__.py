"""Scores objects of S3 with the state machine of a deployment."""
