"""Where the program ``tally`` begins: Ctrl-C ends it without a word, whatever is imported just then."""

from __future__ import annotations

import os
import signal
import sys

#: As a shell says of what the signal of Ctrl-C ended.
INTERRUPTED = 130


def main() -> object:
    """Runs the command of the words that were typed."""
    before = signal.getsignal(signal.SIGINT)
    # An exception would come up in the middle of an import, which may make another of it. Whoever starts us
    # with the signal ignored, as a script does in the background, wants it so.
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)
    from backend.cli.main import main as run

    try:
        if before is signal.default_int_handler:
            signal.signal(signal.SIGINT, before)
        return run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _end(_number: int, _frame: object) -> None:
    os._exit(INTERRUPTED)
