"""Keeping worker processes alive, replacing them, ending them."""
