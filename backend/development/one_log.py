"""One log of many processes: each line under the name of the one that wrote it."""

from __future__ import annotations

import sys
import threading

import click

from backend.telemetry.logs.terminal_styles import takes_styles

_COLOURS = ("cyan", "green", "magenta", "yellow", "blue")


class OneLog:
    """Writes whole lines to standard output, whoever writes at the same time."""

    def __init__(self, names: list[str]) -> None:
        self._width = max(map(len, names), default=0)
        self._colours = {name: _COLOURS[at % len(_COLOURS)] for at, name in enumerate(names)}
        self._lock = threading.Lock()

    def line(self, name: str, text: str) -> None:
        """A line of a process."""
        head = click.style(f"{name:<{self._width}} |", fg=self._colours.get(name))
        with self._lock:
            self._echo(f"{head} {text}")

    def say(self, text: str) -> None:
        """What the loop itself has to say."""
        with self._lock:
            for line in text.splitlines():
                self._echo(click.style(f"▸ {line}", bold=True))

    def complain(self, text: str) -> None:
        """The same of something that is wrong."""
        with self._lock:
            for line in text.splitlines():
                self._echo(click.style(f"▸ {line}", fg="red", bold=True))

    @staticmethod
    def _echo(text: str) -> None:
        # click knows what the command decided in its own thread alone.
        click.echo(text, color=takes_styles(sys.stdout))
