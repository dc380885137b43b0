"""What is due, and who leads."""
