"""What goes on beside the blows of a drill."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def repeated(step: Callable[[], None], *, pause_seconds: float) -> Iterator[None]:
    """Calls ``step`` again and again, in a thread of its own, until the block ends.

    An error of the step ends it, and is raised where the block ends.
    """
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(pause_seconds):
            step()

    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(go_on)
        try:
            yield
        finally:
            over.set()
    running.result()
