"""A warm child that runs isolated jobs, seen from the worker process that owns it."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psutil

from workers.runtime import frames
from workers.runtime.stop_signals import held_back

#: Importing the job packages may take a while on a busy machine.
_START_LIMIT = 60.0


class ChildGone(Exception):
    """The child died. ``signal`` is the number that killed it, 0 when it exited by itself."""

    def __init__(self, returncode: int) -> None:
        self.signal = -returncode if returncode < 0 else 0
        self.returncode = returncode
        cause = f"signal {self.signal}" if self.signal else f"exit code {returncode}"
        super().__init__(f"the job's process ended by {cause}")


class ChildProcess:
    """Started once, used for many jobs, killed with everything below it."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        ours, theirs = socket.socketpair()
        self._channel = ours
        self.jobs = 0
        with held_back():
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "workers.runtime",
                    str(theirs.fileno()),
                    json.dumps(dict(limits)),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        theirs.close()
        if self.next_frame(_START_LIMIT) is None:
            self.kill()
            raise ChildGone(-signal.SIGKILL)

    def say(self, frame: dict[str, Any]) -> None:
        """Sends a frame; raises `ChildGone`."""
        try:
            frames.send(self._channel, frame)
        except OSError:
            raise self._gone() from None

    def next_frame(self, timeout: float) -> dict[str, Any] | None:
        """The next frame, None when none came in ``timeout`` seconds; raises `ChildGone`."""
        ready, _, _ = select.select([self._channel], [], [], max(0.0, timeout))
        if not ready:
            return None
        frame = frames.receive(self._channel)
        if frame is None:
            raise self._gone()
        return frame

    def _gone(self) -> ChildGone:
        try:
            returncode = self._process.wait(1)
        except subprocess.TimeoutExpired:
            # It closed our channel but lives on; a job that does that has left our hands.
            self.kill()
            returncode = -signal.SIGKILL
        return ChildGone(returncode)

    def rss_bytes(self) -> int:
        """Memory it holds; 0 when it is gone."""
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.NoSuchProcess:
            return 0

    def kill(self) -> None:
        """Ends it and all its descendants at once."""
        try:
            below = psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            below = []
        for process in below:
            _kill_quietly(process)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._channel.close()


def _kill_quietly(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
