"""What happens by the clock, one duty a file. Each loop can be stepped by hand with `run_once`."""
