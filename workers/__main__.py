"""``python -m workers``: the entry point of a worker process."""

from workers.runtime.stop_signals import exit_when_asked

if __name__ == "__main__":
    # Before all else, which takes a second: what was asked meanwhile is obeyed.
    exit_when_asked()

from backend.telemetry.lean_imports import lean_imports

with lean_imports():
    from workers.processes.worker import main

if __name__ == "__main__":
    main()
