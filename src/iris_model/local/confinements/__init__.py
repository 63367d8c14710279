"""What confines the processes of a sandbox: a plain child process, namespaces, or a container."""
