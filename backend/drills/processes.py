"""The processes of a drill: who runs, whom the drill itself ended, and who ended unasked."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from backend.drills.waiting import wait_until
from workers.runtime.own_program import own_program

Process = subprocess.Popen[bytes]

#: Seconds that an orderly stop may take on a busy machine before it is given up for hung.
_STOP_SECONDS = 60.0


class Processes:
    """Supervisors, schedulers and recorders by the `tally` command; their log is a file."""

    def __init__(self, log: Path, environment: dict[str, str]) -> None:
        self.environment = environment
        self._log = log
        self.supervisors: list[Process] = []
        self.schedulers: list[Process] = []
        self.recorders: list[Process] = []
        #: Process ids that the drill itself ended, stopped, or froze: their end says nothing.
        self._hurt: set[int] = set()
        self._ended: set[int] = set()

    def start_supervisor(
        self, *, mute: bool = False, lane: str = "default", processes: int = 2
    ) -> Process:
        """Worker processes for the drill's jobs, four slots in each."""
        command = ("worker", lane, f"--processes={processes}", "--concurrency=4")
        self.supervisors.append(self._start(*command, mute=mute))
        return self.supervisors[-1]

    def start_scheduler(self, *, mute: bool = False) -> Process:
        """A scheduler, which also rescues."""
        self.schedulers.append(self._start("scheduler", mute=mute))
        return self.schedulers[-1]

    def start_recorder(self, *, mute: bool = False) -> Process:
        """A recorder; needs a Postgres."""
        self.recorders.append(self._start("recorder", mute=mute))
        return self.recorders[-1]

    def _start(self, *command: str, mute: bool) -> Process:
        """Whoever is mute can write neither log nor message: both answer that the disk is full."""
        with Path("/dev/full" if mute else self._log).open("ab") as output:
            return subprocess.Popen(
                own_program("backend.cli.main", *command),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def alive(self, processes: list[Process]) -> list[Process]:
        """Those of a list that run."""
        return [process for process in processes if process.poll() is None]

    def workers(self, *supervisors: Process) -> list[psutil.Process]:
        """Every live worker process, or those of the supervisors named."""
        chosen = supervisors or tuple(self.supervisors)
        return [
            child
            for supervisor in self.alive(list(chosen))
            for child in _children(supervisor.pid)
            if "--lane=" in " ".join(_command_line(child))
        ]

    def hurt(self, *processes: Process | psutil.Process) -> None:
        """Notes that the drill does something to them of which they may end."""
        self._hurt.update(process.pid for process in processes)

    def kill(self, process: Process | psutil.Process) -> None:
        """SIGKILL."""
        self.hurt(process)
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()

    def suspend(self, process: psutil.Process) -> bool:
        """SIGSTOP; whether it was still there."""
        try:
            process.suspend()
        except psutil.NoSuchProcess:
            return False
        self.hurt(process)
        return True

    def resume(self, process: psutil.Process) -> None:
        """SIGCONT."""
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()

    def terminate_all(self) -> None:
        """SIGTERM to every process and all its descendants at once; blocks until all have ended."""
        mine = [p for p in self._all() if p.poll() is None]
        below = [child for process in mine for child in _children(process.pid, recursive=True)]
        self.hurt(*mine, *below)
        for pid in [process.pid for process in mine] + [child.pid for child in below]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        self.wait_for_end(mine)

    def stop(self, process: Process) -> None:
        """SIGTERM to one; blocks until it has ended."""
        self.hurt(process)
        process.terminate()
        self.wait_for_end([process])

    def wait_for_end(self, processes: list[Process]) -> None:
        """Blocks until all have ended; who does not is killed, and counts as ended unasked."""
        if not wait_until(lambda: not self.alive(processes), _STOP_SECONDS):
            for process in self.alive(processes):
                self._hurt.discard(process.pid)
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def note_ended(self, pids: set[int]) -> None:
        """Notes processes that ended though the drill did nothing to them."""
        self._ended |= pids - self._hurt

    def ended_unasked(self) -> list[str]:
        """What ended though nobody asked it to, in words; empty when all held."""
        ended = [
            f"process {process.pid} ended with {process.returncode}: {process.args!r}"
            for process in self._all()
            if process.poll() is not None and process.pid not in self._hurt
        ]
        unheard = [f"worker process {pid} of a mute supervisor ended" for pid in self._ended]
        return [*ended, *unheard, *self._dead_workers()]

    def _dead_workers(self) -> Iterator[str]:
        """By the log of their supervisors."""
        pids = {line["worker"]: line["pid"] for line in self._lines("worker.spawned")}
        for line in self._lines("worker.died"):
            if pids.get(line["worker"]) not in self._hurt:
                yield f"{line['worker']} ended with {line['returncode']}: {line['cause']}"

    def told(self, event: str, **said: str) -> int:
        """How often an event was logged that says this."""
        return sum(said.items() <= line.items() for line in self._lines(event))

    def _lines(self, event: str) -> list[dict[str, Any]]:
        text = self._log.read_text(encoding="utf-8", errors="replace")
        found = []
        for line in text.splitlines():
            if f'"event": "{event}"' in line:
                # Several processes write to it, and one that is killed may leave half a line.
                with contextlib.suppress(ValueError):
                    found.append(json.loads(line))
        return found

    def close(self) -> None:
        """Ends every process."""
        for process in self.alive(self._all()):
            process.send_signal(signal.SIGCONT)
            process.terminate()
        self.wait_for_end(self._all())

    def _all(self) -> list[Process]:
        return [*self.supervisors, *self.schedulers, *self.recorders]


def _children(pid: int, *, recursive: bool = False) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=recursive)
    except psutil.NoSuchProcess:
        return []


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []
