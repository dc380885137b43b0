"""Tally: a priority job queue platform. Redis dispatches, Postgres remembers."""

__version__ = "0.2.0"
#: Tells this package from another of its name, which would hide it.
__tally__ = True
