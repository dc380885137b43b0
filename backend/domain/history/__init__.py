"""What is kept of jobs for good, and how it is asked for."""
