"""Keys, and the log of what their bearers do."""
