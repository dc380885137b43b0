"""Telling others that a process lives, and hearing what it is told."""
