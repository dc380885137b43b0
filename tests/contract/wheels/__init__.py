"""What is installed of each distribution, and what it does there."""
