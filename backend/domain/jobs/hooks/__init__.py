"""What applications hang into the life of jobs."""
