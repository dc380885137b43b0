"""``tally quickstart`` on a machine that is busy: it gives up only what nobody would wait for."""

from __future__ import annotations

from backend.cli.main import main
from backend.quickstart import command, demonstration, stack

if __name__ == "__main__":
    for part in (command, demonstration, stack):
        part._PATIENCE = 300.0
    main()
