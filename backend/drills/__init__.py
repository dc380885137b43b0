"""Drills: hurt a deployment on purpose, on servers of its own, and count what became of every job."""
