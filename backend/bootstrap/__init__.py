"""The only place that wires concrete parts together, one file for each kind of process.

Imports nothing: a supervisor reads its own file here and nothing of what the other processes need.
"""
