"""The programs of a worker host: a supervisor, and the worker processes that it starts."""
