"""``python -m workers.runtime``: the entry point of the process of an isolated job."""

import sys

from workers.runtime.stop_signals import leave_stopping_to_the_parent

if __name__ == "__main__":
    # Before all else: a signal to a whole group of processes may come while this one starts.
    leave_stopping_to_the_parent()

from backend.domain.errors import ConfigurationError
from backend.telemetry.lean_imports import lean_imports

with lean_imports():
    from workers.runtime.children.child import main

if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ConfigurationError as error:
        sys.exit(f"tally: {error} [{error.code}]")
