"""Reports: definitions in a folder, data from a source, documents in several formats.

Its one rule: a job chooses a report and values for its parameters; SQL comes from definitions alone.
"""
