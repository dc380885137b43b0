"""Accepting jobs, and what is done to them."""
