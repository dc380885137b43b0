"""Tests of the documents; no server runs for them."""
