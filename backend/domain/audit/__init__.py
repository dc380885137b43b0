"""Who did what, in a chain that shows a changed row."""
