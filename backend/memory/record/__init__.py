"""The record of what happens in memory, and of who did it."""
