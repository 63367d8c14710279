"""Options that several commands share. Each group is passed as one value."""
