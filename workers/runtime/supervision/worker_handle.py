"""One worker process as its supervisor sees it: the operating system's process and its running table."""

from __future__ import annotations

import os
import subprocess
import time

from workers.runtime import stop_signals
from workers.runtime.own_program import own_program
from workers.runtime.slots.running_table import RunningJob, RunningTable
from workers.runtime.supervision.duty_roster import DutyRoster
from workers.runtime.supervision.killing import (
    Killing,
    came_not_up,
    closes_too_long,
    holds_too_much,
    opens_too_long,
    overdue_jobs,
    ran_no_python,
)
from workers.runtime.supervision.resident_memory import resident_bytes
from workers.runtime.supervision.supervisor_spec import LaneSpec

#: What is run; it has another name in the isolated wheel.
_PROGRAM = __name__.partition(".runtime.")[0]
#: Seconds a process may need to import the job packages on a busy machine.
_START_SECONDS = 60.0


class WorkerHandle:
    """A started worker process; raises `OSError` when the system refuses."""

    def __init__(self, name: str, lane: str, spec: LaneSpec, roster: DutyRoster) -> None:
        self.name = name
        self.lane = lane
        self.running_table = RunningTable.create(spec.slots, spec.async_slots)
        self.started = time.monotonic()
        self.killing: Killing | None = None
        try:
            self._process = self._spawned(spec, roster)
        except BaseException:
            self.running_table.close()
            raise

    def _spawned(self, spec: LaneSpec, roster: DutyRoster) -> subprocess.Popen[bytes]:
        with stop_signals.held_back():
            return subprocess.Popen(
                own_program(
                    _PROGRAM,
                    f"--lane={self.lane}",
                    f"--name={self.name}",
                    f"--concurrency={spec.slots}",
                    f"--async-slots={spec.async_slots}",
                    f"--running-table={self.running_table.descriptor}",
                    f"--duty-roster={roster.descriptor}",
                    f"--parent={os.getpid()}",
                ),
                pass_fds=[self.running_table.descriptor, roster.descriptor],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def returncode(self) -> int | None:
        """How it ended; None while it lives."""
        return self._process.poll()

    def has_begun(self) -> bool:
        """Whether it has opened its workers' clients; False when it is gone."""
        try:
            return self.returncode() is None and self.running_table.last_beat > 0
        except ValueError:
            # Buried by another thread at this moment, and its running table closed.
            return False

    def ask_to_stop(self) -> None:
        """An orderly stop. Not by SIGTERM, which the process may have got by itself already."""
        self._process.send_signal(stop_signals.HANG_UP)

    def ask_to_hurry(self) -> None:
        """Everything is to be given back at once."""
        self._process.send_signal(stop_signals.HURRY)

    def kill(self, killing: Killing) -> None:
        """SIGKILL, once."""
        if self.killing is None:
            self.killing = killing
            self._process.kill()

    def served_seconds(self, now: float) -> float | None:
        """For how long it has taken jobs; None: it never did."""
        since = self.running_table.serving_since
        return now - since if since else None

    def fault(self, now: float, *, silence_seconds: float, memory_bytes: int) -> Killing | None:
        """Why it must be killed, if it must."""
        overdue = self._overdue(now)
        if overdue:
            return overdue_jobs(overdue)
        if self.running_table.excused_until:
            return self._late(now)
        if not self.running_table.last_beat:
            return came_not_up() if now > self.started + _START_SECONDS + silence_seconds else None
        if now - self.running_table.last_beat > silence_seconds:
            return ran_no_python()
        return (
            holds_too_much() if memory_bytes and resident_bytes(self.pid) > memory_bytes else None
        )

    def _late(self, now: float) -> Killing | None:
        if now <= self.running_table.excused_until:
            return None
        return closes_too_long() if self.running_table.serving_since else opens_too_long()

    def _overdue(self, now: float) -> list[RunningJob]:
        return [
            f for f in self.running_table.running() if f.hard_deadline and now > f.hard_deadline
        ]
