"""One request for a page, and the form that came with it."""
