"""A driver as the run sees it: a process that is asked things, one line of JSON at a time."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class DriverFailed(Exception):
    """A driver ended in the middle of a question; its last lines are in the message."""


class DriverProcess:
    """Started on making, ended by `close`."""

    def __init__(
        self, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], log: Path
    ) -> None:
        self.environment = {**os.environ, **environment}
        self.cwd = cwd
        self.log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                cwd=cwd,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        hello = self.ask("hello")
        self.versions: dict[str, str] = hello["versions"]
        self.configuration: str = hello["configuration"]
        self.at_once: dict[str, int] = hello["at_once"]
        self.can: frozenset[str] = frozenset(hello["can"])

    def ask(self, do: str, **details: Any) -> Any:
        """What it answers; raises `DriverFailed`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **details}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            last = self.log.read_text(errors="replace").strip().splitlines()[-3:]
            raise DriverFailed(f"{do}: " + " | ".join(last))
        return json.loads(line)

    def close(self) -> None:
        """Ends it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
