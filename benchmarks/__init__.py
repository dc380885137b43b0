"""Measurements of the platform, on servers of their own, beside RQ in the same run."""
