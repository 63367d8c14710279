"""The permissions that a deployer needs."""
