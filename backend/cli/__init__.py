"""The `tally` command. Each group of commands is one file, imported when it is asked for."""
