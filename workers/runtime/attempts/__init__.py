"""One attempt, from its stored form to an outcome."""
