"""Colours and bold are for terminals, and not for who wants none."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from tests.unit.cli.typed import ROOT

_LOOKS = (("doctor",), ("jobs", "types"))


@pytest.mark.usefixtures("shell")
@pytest.mark.parametrize("words", _LOOKS)
def test_a_terminal_sees_them(words: tuple[str, ...]) -> None:
    assert "\x1b[" in _on_a_terminal(*words, TERM="xterm")


@pytest.mark.usefixtures("shell")
@pytest.mark.parametrize("words", _LOOKS)
@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_who_wants_none_sees_none(words: tuple[str, ...], variables: dict[str, str]) -> None:
    assert "\x1b" not in _on_a_terminal(*words, **{"TERM": "xterm", **variables})


def _on_a_terminal(*words: str, **variables: str) -> str:
    here, there = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "backend.cli.main", *words],
        stdin=there,
        stdout=there,
        stderr=there,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
    )
    os.close(there)
    seen = bytearray()
    try:
        while part := os.read(here, 65536):
            seen += part
    except OSError:
        pass  # So a terminal says that nobody writes to it any more.
    finally:
        os.close(here)
        process.wait()
    return seen.decode()
