"""Migrations, partitions by month, and what has outlived its time."""
