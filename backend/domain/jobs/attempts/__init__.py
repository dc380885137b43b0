"""How attempts end, and what that means for their jobs."""
