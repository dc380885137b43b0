"""What holds jobs back, as it stands in Redis: pauses and breakers."""
