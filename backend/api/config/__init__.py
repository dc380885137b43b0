"""Settings: a leaf that anyone may import and that imports nothing of ours but the domain."""
