"""Databases that reports and exports read, known by name.

Its one rule: a job names a source; where it is and who may read it is said by the settings alone.
"""
