"""What may be said of a job, its ranges, and the one reading of it."""
