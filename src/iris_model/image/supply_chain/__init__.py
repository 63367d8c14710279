"""Documents about an image (SBOM, provenance, vulnerabilities), and their locations."""
