"""Jobs in Redis: one method a step."""
