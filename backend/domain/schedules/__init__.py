"""Recurring jobs: plans, ticks and what becomes of them."""
