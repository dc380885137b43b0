"""The loop of somebody who writes jobs: `tally dev`, and programs that start again when code changes."""
