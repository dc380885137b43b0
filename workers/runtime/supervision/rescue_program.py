"""Starts the program that gives back the jobs of dead worker processes."""

from __future__ import annotations

import os
import subprocess

from workers.runtime import stop_signals
from workers.runtime.own_program import own_program
from workers.runtime.supervision.rescue_spec import RescueSpec

#: Its name; another one in the isolated wheel.
_PROGRAM = f"{__name__.partition('.runtime.')[0]}.processes.rescue"


def start_rescue(spec: RescueSpec) -> subprocess.Popen[bytes]:
    """In a session of its own: what a terminal sends to its supervisor is not for it."""
    descriptor = spec.hand_over()
    try:
        with stop_signals.held_back():
            return subprocess.Popen(
                own_program(_PROGRAM, f"--spec={descriptor}"),
                pass_fds=[descriptor],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
    finally:
        os.close(descriptor)
