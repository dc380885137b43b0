"""Lines of the process log, without secrets."""
