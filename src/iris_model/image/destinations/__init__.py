"""The destinations of a built image: a layout, an archive, Docker Engine, a registry."""
