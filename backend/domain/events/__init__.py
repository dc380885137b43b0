"""What happened elsewhere, and the jobs that follow from it."""
