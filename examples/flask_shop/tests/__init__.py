"""The shop's tests; no server runs for them."""
