"""Whether the books balance, and what a difference between the stores means."""
