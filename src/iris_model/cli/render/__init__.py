"""Output as text, JSON and pictures. Nothing is computed here."""
