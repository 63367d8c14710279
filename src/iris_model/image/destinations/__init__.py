"""Where a built image is written: a layout, an archive, Docker Engine, a registry."""
