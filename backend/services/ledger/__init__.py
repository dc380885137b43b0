"""Comparing both stores, and putting right what differs."""
