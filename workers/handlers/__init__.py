"""What the shipped handlers share."""
