"""Locks: between processes, on files, and within one, so that its forks are free of them."""
