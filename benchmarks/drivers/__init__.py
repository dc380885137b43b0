"""What enqueues and runs the jobs of one queue, in an environment of its own: stands on the standard library and that queue alone.

Each ``on_<queue>.py`` is started as a script and answers lines of JSON (`driver.py`); each ``<queue>_jobs.py`` is what its
workers import. All do the same: the same payload, the same handlers, counted in the same way (`runs.py`).
"""
