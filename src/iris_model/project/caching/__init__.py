"""The cache of this user: results by a key of all their inputs."""
