"""A command that breaks off says what it has done by then, so that nobody does it again."""

from __future__ import annotations

import subprocess
import sys

import pytest

_BREAKS_OFF = """
import sys

import click

from backend.cli import main
from backend.cli.input.command_group import CommandGroup
from backend.cli.output.done_so_far import note_done
from backend.domain.errors import QueueUnavailable

ENDS = {
    "away": QueueUnavailable("Redis is away"),
    "Ctrl-C": KeyboardInterrupt(),
    "full": OSError(28, "No space left on device", "/there"),
}

@click.command()
@click.argument("how")
@click.argument("done", nargs=-1)
def alone(how, done):
    for words in done:
        note_done(words)
    raise ENDS[how]

group = CommandGroup("group", {"alone": alone})
main.tally.get_command = lambda _, name: {"alone": alone, "group": group}[name]
main.main()
"""
_AWAY = "tally: Redis is away [queue_unavailable]\n"
_FULL = "tally: /there: No space left on device [not_written]\n"


@pytest.mark.parametrize("command", [("alone",), ("group", "alone")], ids=" ".join)
@pytest.mark.parametrize(
    ("how", "why", "status"), [("away", _AWAY, 1), ("full", _FULL, 1), ("Ctrl-C", "", 130)]
)
def test_what_was_done_by_then_is_told(
    command: tuple[str, ...], how: str, why: str, status: int
) -> None:
    nothing = _ended(*command, how)
    half = _ended(*command, how, "one is done", "two is done")

    assert (nothing.returncode, half.returncode) == (status, status)
    assert nothing.stderr == why
    assert half.stderr == f"{why}tally: all the same one is done; two is done\n"


def _ended(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _BREAKS_OFF, *words], capture_output=True, text=True, check=False
    )
