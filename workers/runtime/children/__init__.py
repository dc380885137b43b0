"""Processes of isolated jobs."""
