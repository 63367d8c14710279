"""Options that several commands share, each group gathered into one value."""
