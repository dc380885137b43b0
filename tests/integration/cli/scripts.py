"""The scripts of scripts/, run as a person runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


class Scripts:
    """Runs scripts with the variables of this process and insists on how they end."""

    def __init__(self, folder: Path) -> None:
        shim = folder / "tally"
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m backend.cli.main "$@"\n')
        shim.chmod(0o700)
        self._path = f"{folder}:{os.environ['PATH']}"

    def run(
        self,
        script: str,
        *words: str,
        status: int = 0,
        without: tuple[str, ...] = (),
        folder: Path | None = None,
    ) -> str:
        """What a script wrote, standard output first; it is called in ``folder``."""
        variables = {name: value for name, value in os.environ.items() if name not in without}
        ended = subprocess.run(
            [ROOT / "scripts" / script, *words],
            env={
                **variables,
                "PATH": self._path,
                "PYTHONPATH": str(ROOT),
                "PYTHON": sys.executable,
            },
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if ended.returncode != status:
            raise AssertionError(f"{script} {words}: {ended}")
        return ended.stdout + ended.stderr
