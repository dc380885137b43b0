"""Workers: each file says what is done for one family of job types; runtime/ says how it is run."""

#: Tells this package from another of its name, which would hide it.
__tally__ = True
