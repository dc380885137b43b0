"""What runs on a host of workers: its supervisor, and what its processes do for each other."""
