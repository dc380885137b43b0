"""Ctrl-C ends a command without a word, whatever it is at."""

from __future__ import annotations

import subprocess
import sys

import pytest

_INTERRUPTED_AT = """
import os, signal, sys
class CtrlC:
    def find_spec(self, name, *_):
        if name == {at!r}:
            os.kill(os.getpid(), signal.SIGINT)
from backend.cli.entry import main
sys.meta_path.insert(0, CtrlC())
sys.argv = ["tally", "jobs", "types"]
main()
"""


@pytest.mark.parametrize(
    "at", ["click", "backend.domain.errors", "backend.cli.commands.jobs.group"]
)
def test_while_it_is_imported(at: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED_AT.format(at=at)], capture_output=True, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (130, b"", b"")
