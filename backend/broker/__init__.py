"""The live truth: Redis, in RQ's layout. One method per function of the library in ``lua/``."""
