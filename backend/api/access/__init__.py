"""Who calls, how often, and what they may."""
