"""``python -m workers``: the entry point of a worker process."""

from backend.telemetry.lean_imports import lean_imports

with lean_imports():
    from workers.process import main

if __name__ == "__main__":
    main()
