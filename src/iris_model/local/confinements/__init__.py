"""The confinements of a sandbox's processes: a plain child process, namespaces, or a container."""
