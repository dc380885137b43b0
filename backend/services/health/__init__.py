"""What an operator must see at a glance."""
