"""What commands are told, and by whom."""
