"""The deployment package of a project as a zip archive."""
