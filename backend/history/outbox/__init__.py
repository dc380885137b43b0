"""Jobs that were written in a transaction of their caller's."""
