"""The life of one server on one data folder: start, adopt, stop, kill."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from backend.embedded.account import Account
from backend.embedded.deadline import wait_until
from backend.embedded.errors import EmbeddedServerError
from backend.embedded.launch import Process, launch
from backend.embedded.locate import ServerBinary
from backend.embedded.server_log import last_lines
from backend.embedded.state.file_lock import FileLock

# Long enough for a crash recovery on a slow disk.
START_SECONDS = 60.0
STOP_SECONDS = 15.0
# The heirs of a killed server (a backend in a query, a log rewrite) end a little after it.
_AFTERLIFE_SECONDS = 15.0

_log = logging.getLogger(__name__)


class EmbeddedServer(ABC):
    """A server process of ours; whether it lives is told by the lock that it inherits."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    def __init__(self, folder: Path, *, socket_dir: Path, log: Path) -> None:
        self.folder = folder
        self.socket_dir = socket_dir
        self.log = log
        self.die_with_parent = True
        self.is_ours = True
        self._lock = FileLock(folder / "lock")
        self._owner_lock = FileLock(folder / "owner.lock")
        self._ownership: int | None = None
        self._child: Process | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients reach this server; the same after each restart."""

    @property
    @abstractmethod
    def pid_file(self) -> Path:
        """Where the server itself writes its process id, on the first line."""

    @abstractmethod
    def find_binary(self) -> ServerBinary:
        """The program that is fit for the data in the folder."""

    @abstractmethod
    def prepare(self, binary: ServerBinary, *, lock: int) -> tuple[Account, Sequence[str]]:
        """Make the data and clear what is stale; the account and the command to start with."""

    def variables(self, binary: ServerBinary) -> Mapping[str, str]:  # noqa: ARG002 for heirs
        """What the environment of the server's own process gets beside ours."""
        return {}

    @abstractmethod
    def answers(self) -> bool:
        """Whether the server takes a client now; asked once, with a short limit."""

    def is_running(self) -> bool:
        """Whether the server, or a process that it left behind, still lives on the data."""
        return self._lock.is_held()

    def pid(self) -> int | None:
        """The id of the server's process; None when it is not running."""
        if not self.is_running():
            return None
        if self._child is not None and self._child.poll() is None:
            return self._child.pid
        try:
            return int(self.pid_file.read_text().split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def start(self) -> ServerBinary:
        """Start on the data that is there, or on new; back as soon as clients are answered."""
        binary = self.find_binary()
        with self._lock.held(wait_seconds=_AFTERLIFE_SECONDS) as lock:
            account, command = self.prepare(binary, lock=lock)
            self._reap()
            self._child = launch(
                command,
                log=self.log,
                keep_open=lock,
                account=account,
                dies_by=self.stop_signal if self.die_with_parent else None,
                variables=self.variables(binary),
            )
        try:
            self._await_first_answer()
        except BaseException:
            self.kill()
            raise
        self._own()
        return binary

    def adopt(self, *, left_in_background: bool) -> bool:
        """Use the server that an earlier start left, if it still answers; False if it ended.

        It becomes ours to stop only if it was to end with its owner and the owner is gone.
        """
        if not self._await_answer():
            return False
        self.die_with_parent = self.die_with_parent and not left_in_background
        self.is_ours = self._own()
        return True

    def _await_first_answer(self) -> None:
        if not self._await_answer():
            raise EmbeddedServerError(
                f"{self.name} ended while starting; its log {self.log} ends:\n"
                f"{last_lines(self.log)}"
            )

    def _await_answer(self) -> bool:
        answered = False

        def settled() -> bool:
            nonlocal answered
            answered = self.answers()
            return answered or not self.is_running()

        if not wait_until(settled, seconds=START_SECONDS):
            raise EmbeddedServerError(
                f"{self.name} (process {self.pid()}) runs but does not answer at {self.socket_dir}"
                f" after {START_SECONDS:g} s; its log {self.log} ends:\n{last_lines(self.log)}"
            )
        return answered

    def stop(self) -> None:
        """Let the server end in order; after 15 seconds, or if it cannot be asked, kill it."""
        self._signal(self.stop_signal)
        if not wait_until(lambda: not self.is_running(), seconds=STOP_SECONDS):
            _log.warning("%s did not stop in %g s and is killed", self.name, STOP_SECONDS)
            self.kill()
        self.let_go()

    def kill(self) -> None:
        """End the server as ``kill -9`` does; the data stays as the crash left it."""
        self._signal(signal.SIGKILL)
        if not wait_until(lambda: not self.is_running(), seconds=_AFTERLIFE_SECONDS):
            raise EmbeddedServerError(
                f"a process of the killed {self.name} lives on; "
                f"see which one with: fuser -v '{self.folder / 'lock'}'"
            )
        self.let_go()

    def let_go(self) -> None:
        """Reap a server that has ended and give up the ownership of it."""
        self._reap()
        if self._ownership is not None:
            os.close(self._ownership)
            self._ownership = None

    def _signal(self, number: signal.Signals) -> None:
        if not self.is_running():
            return
        # A server that was started this instant has not written its pid yet.
        wait_until(lambda: self.pid() is not None or not self.is_running(), seconds=2)
        pid = self.pid()
        if pid is None and self.is_running():
            raise EmbeddedServerError(
                f"{self.name} runs on {self.folder} but {self.pid_file} does not tell its "
                f"process; find it with: fuser -v '{self.folder / 'lock'}'"
            )
        if pid is not None:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                _log.debug("%s (process %d) was gone before signal %s", self.name, pid, number)

    def _own(self) -> bool:
        if self.die_with_parent and self._ownership is None:
            self._ownership = self._owner_lock.try_hold()
        return self._ownership is not None

    def _reap(self) -> None:
        if self._child is not None:
            try:
                self._child.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired as error:
                raise EmbeddedServerError(f"process {self._child.pid} does not end") from error
            self._child = None
