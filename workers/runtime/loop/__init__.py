"""Async handlers: many jobs as tasks of one event loop, in a thread of its own."""
