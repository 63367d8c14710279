"""Text, JSON and pictures for people and programs. Nothing is computed here."""
