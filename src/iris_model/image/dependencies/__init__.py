"""Third-party packages for the target."""
