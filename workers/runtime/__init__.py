"""How jobs are run: supervisor, worker process, slots, limits. What is done stands in the workers."""
