"""Whether the developer's code can be started: tried in a process of its own, which takes it along."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

from workers.runtime.own_program import own_program

_PATIENCE = 60.0


def trouble_with_code(environment: Mapping[str, str]) -> str:
    """What `tally config check` says against it; empty when it would start."""
    try:
        tried = subprocess.run(
            own_program("backend.cli.main", "config", "check"),
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return f"importing it takes longer than {_PATIENCE:g} s"
    said = (tried.stderr + tried.stdout).strip().replace("tally: ", "")
    return said if tried.returncode else ""
