"""Middleware for tools that others make; each needs its extra."""
