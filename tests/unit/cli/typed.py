"""The command `tally` as a process of its own, with standard output where a test wants it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def typed(
    *words: str,
    redirection: str = "",
    before: str = "",
    folder: Path | None = None,
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """What came of it; ``redirection`` is a shell's, as in ``> /dev/full``, ``before`` its first line."""
    return subprocess.run(
        [
            "/bin/sh",
            "-c",
            f'{before} "$0" -m backend.cli.main "$@" {redirection}',
            sys.executable,
            *words,
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
