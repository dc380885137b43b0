"""Documents that are uploaded, and what is in them."""
