"""The state of the deployment. Only read-only calls are made."""
