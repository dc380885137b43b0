"""What a job is: its states, its names, what is said of it, and the ranges of its numbers."""
