"""Recurring jobs: how they are made, timed and fired."""
