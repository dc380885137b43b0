"""Upkeep: what is old goes, what matters is copied."""
