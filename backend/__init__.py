"""Tally: a priority job queue platform. Redis dispatches, Postgres remembers."""

__version__ = "0.1.0"
