"""Slots: one job at a time each, claims and settles shared."""
