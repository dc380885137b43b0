"""Exports: a table or a query of a source, row by row into a file.

Its one rule: no more than one batch of rows is in memory at a time.
"""
