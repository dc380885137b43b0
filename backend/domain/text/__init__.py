"""Words and JSON that can be read by whoever gets them."""
