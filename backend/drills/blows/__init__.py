"""What is done to a deployment, by what it is done to. Each blow says how many jobs were in flight."""
