"""The servers and processes of a quickstart: started in order, ended in the opposite one."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from backend.api.config.left_by_dev import OWNER
from backend.domain.errors import TallyError
from backend.embedded import Servers, servers_from_environment_or_start, stop_servers
from backend.embedded.launch import follower
from backend.quickstart.leavings import Leavings
from backend.quickstart.sole_use import SoleUse
from workers.runtime.own_program import own_program

_PATIENCE = 20.0


class StartFailed(TallyError):
    """A process of the quickstart ended before it was ready."""

    code = "start_failed"


class Stack:
    """What the quickstart started."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._sole_use = SoleUse(state)
        self._leavings = Leavings(state)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.servers: Servers | None = None

    def hold(self) -> None:
        """Keeps others from running on the state directory, until all stops; raises `StateInUse`."""
        self._leavings.note_others()
        self._sole_use.begin()

    def clear(self) -> list[str]:
        """Ends the servers that earlier starts left there, and throws away what they made.

        Returns the names of what stays although starts use it: it was there before the first.
        """
        stop_servers(self.state)
        return self._leavings.throw_away()

    def start_servers(self) -> Servers:
        """Starts the embedded servers, unless the environment names others, and tells every process."""
        (self.state / "log").mkdir(mode=0o700, parents=True, exist_ok=True)
        self.servers = servers_from_environment_or_start(self.state)
        os.environ["REDIS_URL"] = self.servers.redis_url
        os.environ["DATABASE_URL"] = self.servers.database_url
        stores = {name: os.environ[name] for name in ("REDIS_URL", "DATABASE_URL")}
        # What psql takes: it knows no driver in an address.
        plain = re.sub(r"^(\w+)\+\w+:", r"\1:", stores["DATABASE_URL"])
        self._tell_anew({**stores, "JOB_QUEUE_DATABASE_URL": plain})
        return self.servers

    def _tell_anew(self, values: Mapping[str, str]) -> None:
        """All at once: who starts meanwhile would find an owner and no stores, and take others."""
        fresh = self.state / "env.new"
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        said = "".join(_export(name, value) for name, value in values.items())
        fresh.write_text(OWNER.format(pid=os.getpid()) + said, encoding="utf-8")
        fresh.replace(self.state / "env")

    def tell(self, name: str, value: str) -> None:
        """Tells commands of other shells, which source the file ``env``."""
        with (self.state / "env").open("a", encoding="utf-8") as file:
            file.write(_export(name, value))

    def start(self, name: str, *command: str, environment: Mapping[str, str]) -> None:
        """Starts a process of the `tally` command; its log is in the state directory."""
        with (self.state / "log" / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [*follower(signal.SIGTERM), *own_program("backend.cli.main", *command)],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raises `StartFailed` when a process has ended, with the last lines of its log."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                text = (self.state / "log" / f"{name}.log").read_text(errors="replace")
                raise StartFailed(
                    f"the {name} ended with status {process.returncode}; its last lines:\n"
                    + "\n".join(text.splitlines()[-8:])
                )

    def stop(self) -> None:
        """Ends the processes in order, then the servers that were started here."""
        for process in reversed(self._processes.values()):
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + _PATIENCE
        for process in self._processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
        (self.state / "env").unlink(missing_ok=True)
        if self.servers is not None:
            self.servers.stop()
        self._sole_use.end()


def _export(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}\n"
