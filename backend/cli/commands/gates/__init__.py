"""Commands on what holds jobs back: breakers of destinations, and maintenance windows."""
