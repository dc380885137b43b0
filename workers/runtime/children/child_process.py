"""A warm child that runs isolated jobs, seen from the worker process that owns it."""

from __future__ import annotations

import math
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import psutil
import structlog

from backend.api.config.handing_on import written_down
from backend.api.config.settings import Settings
from workers.runtime.children import frames
from workers.runtime.children.family import adopting_orphans
from workers.runtime.own_program import own_program
from workers.runtime.stop_signals import held_back

log = structlog.get_logger("tally.worker")

#: Seconds that importing the job packages may take on a busy machine.
_START_SECONDS = 60.0
#: An interrupt of the thread that waits is raised between two looks, however long it waits.
LOOK_SECONDS = 0.05
#: Seconds that its descendants, killed, have to be gone.
_BURIAL_SECONDS = 1.0


class ChildGone(Exception):
    """The child died. ``signal`` is the number that killed it, 0 when it exited by itself."""

    def __init__(self, returncode: int) -> None:
        self.signal = -returncode if returncode < 0 else 0
        self.returncode = returncode
        cause = f"signal {self.signal}" if self.signal else f"exit code {returncode}"
        super().__init__(f"the job's process ended by {cause}")


class ChildNotReady(Exception):
    """A child was started and will run no job: it failed to get ready, or takes too long."""


class Surroundings(NamedTuple):
    """In what a worker process was started. A job in one of its threads may change what it is in now."""

    folder: str
    environment: dict[str, str]
    umask: int
    #: The first frame to each child.
    start: dict[str, Any]

    @classmethod
    def of_this_process(cls, settings: Settings, modules: Sequence[str]) -> Surroundings:
        """Call it before the first job. ``modules`` declare the types that Tally ships."""
        mask = os.umask(0o077)
        os.umask(mask)
        search_path = [os.path.abspath(place) for place in sys.path]  # noqa: PTH100 - '' is a place
        start = {
            "settings": written_down(settings),
            "search_path": search_path,
            "modules": list(modules),
        }
        return cls(os.getcwd(), dict(os.environ), mask, start)  # noqa: PTH109 - it is text


class ChildProcess:
    """Started once, used for many jobs, closed in order or killed with everything below it."""

    def __init__(self, surroundings: Surroundings) -> None:
        """Raises `OSError` when the system refuses."""
        self._surroundings = surroundings
        self.jobs = 0
        self._channel, theirs = _channel()
        try:
            self._process = _spawned(theirs, surroundings)
        except BaseException:
            self._channel.close()
            raise
        finally:
            theirs.close()
        self._poll = select.poll()
        self._poll.register(self._channel, select.POLLIN)

    def wait_until_ready(self) -> None:
        """Blocks until it can run jobs; raises `ChildNotReady`."""
        try:
            self.say(self._surroundings.start)
            frame = self._first_frame()
        except ChildGone as gone:
            raise ChildNotReady(str(gone)) from None
        if frame is None:
            raise ChildNotReady(f"it was not ready after {_START_SECONDS:g} s")
        if "failed" in frame:
            raise ChildNotReady(str(frame["failed"]))

    def _first_frame(self) -> dict[str, Any] | None:
        deadline = time.monotonic() + _START_SECONDS
        while (frame := self.next_frame(LOOK_SECONDS)) is None:
            if time.monotonic() > deadline:
                return None
        return frame

    def say(self, frame: dict[str, Any]) -> None:
        """Sends a frame; raises `ChildGone`."""
        try:
            frames.send(self._channel, frame)
        except OSError:
            raise self._gone() from None

    def next_frame(self, seconds: float) -> dict[str, Any] | None:
        """The next frame, None when none came in so many seconds; raises `ChildGone`."""
        # Not by the end of the channel alone: a process that a job left may hold it open.
        ended = self._process.poll() is not None
        if not self._poll.poll(0 if ended else math.ceil(max(0.0, seconds) * 1000)):
            if ended:
                raise self._gone()
            return None
        frame = frames.receive(self._channel)
        if frame is None:
            raise self._gone()
        return frame

    def _gone(self) -> ChildGone:
        try:
            returncode = self._process.wait(1)
        except subprocess.TimeoutExpired:
            # It closed our channel but lives on; a job that does that has left our hands. Whoever hears
            # of it kills it, where no interrupt breaks that off.
            returncode = -signal.SIGKILL
        return ChildGone(returncode)

    def rss_bytes(self) -> int:
        """Memory it holds; 0 when it is gone, or not ours to ask any more."""
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def ask_to_end(self) -> None:
        """Hangs up: it closes its workers, runs what is to be done at its exit, and ends."""
        with suppress(OSError):
            self._channel.shutdown(socket.SHUT_WR)

    def has_ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def end_by(self, deadline: float) -> bool:
        """Waits until it has ended, to that monotonic second at most; then kills it. Whether it had to."""
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.kill()
            return True
        self._channel.close()
        return False

    def kill(self) -> None:
        """Ends it and all its descendants at once, but for those that became another user's."""
        with adopting_orphans():
            below = _below(self._process.pid)
            for process in below:
                with suppress(psutil.Error):
                    process.kill()
            self._kill_group()
            self._channel.close()
            # They are ours now that their parent is gone.
            psutil.wait_procs(below, _BURIAL_SECONDS)

    def _kill_group(self) -> None:
        """It, and what stayed in its group. One that is another user's now would be waited for in vain."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        except PermissionError:
            log.warning("child.not_killed", pid=self._process.pid)
            return
        self._process.wait()


def _below(pid: int) -> list[psutil.Process]:
    """Its descendants; none where the system hides them."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def _channel() -> tuple[socket.socket, socket.socket]:
    """Both ends wait for each other as long as it takes, whatever time a job package gives new sockets."""
    ends = socket.socketpair()
    for end in ends:
        end.settimeout(None)
    return ends


def _spawned(theirs: socket.socket, surroundings: Surroundings) -> subprocess.Popen[bytes]:
    command = own_program("workers.runtime", str(theirs.fileno()), str(os.getpid()))
    with held_back():
        return subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd=surroundings.folder,
            env=surroundings.environment,
            umask=surroundings.umask,
        )
