"""Whether the developer's code can be started: tried in a process of its own, which takes it along."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping

from backend.embedded.launch import follower
from workers.runtime.own_program import own_program

_PATIENCE, _TICK = 60.0, 0.1


def trouble_with_code(
    environment: Mapping[str, str], *, is_over: Callable[[], bool] = lambda: False
) -> str:
    """What `tally config check` says against it; empty when it would start, or when it ``is_over``."""
    trial = subprocess.Popen(
        [*follower(signal.SIGKILL), *own_program("backend.cli.main", "config", "check")],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Code of others prints what it likes.
        errors="replace",
        start_new_session=True,
    )
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            told, wrong = trial.communicate(timeout=_TICK)
        except subprocess.TimeoutExpired:
            if is_over() or time.monotonic() > deadline:
                _end(trial)
                return "" if is_over() else f"importing it takes longer than {_PATIENCE:g} s"
        else:
            said = (wrong + told).strip().replace("tally: ", "")
            return said if trial.returncode else ""


def _end(trial: subprocess.Popen[str]) -> None:
    """Without its output: what it started may hold that open."""
    trial.kill()
    trial.wait()
    for stream in (trial.stdout, trial.stderr):
        if stream is not None:
            stream.close()
