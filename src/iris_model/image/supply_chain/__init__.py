"""Documents about an image: SBOM, provenance, vulnerabilities, and where they are stored."""
