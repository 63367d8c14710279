"""HTTP/1.1 over sockets. This package does not depend on functions."""
