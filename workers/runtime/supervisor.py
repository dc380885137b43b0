"""Keeps worker processes alive: starts, watches, restarts with back-off, rescues their jobs, stops them."""

from __future__ import annotations

import secrets
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from types import FrameType
from typing import NamedTuple

import structlog

from backend.domain.ports import LeaseBook
from backend.domain.verdict import Death, judge
from backend.telemetry.outages import Outages, Wait
from workers.runtime.crew_member import CrewMember

log = structlog.get_logger("tally.supervisor")

_TICK = 0.1
_MEMORY_TICK = 1.0
_FIRST_BACKOFF, _LONGEST_BACKOFF, _HEALTHY_AFTER = 0.2, 5.0, 10.0
_MEGABYTE = 1024 * 1024
_VIOLENT = ("crashed", "killed")


class Post(NamedTuple):
    """A place in the crew that is always filled: a lane and a number."""

    lane: str
    number: int


class Supervisor:
    """One per host. Its own death makes its processes stop in order (they are tied to it)."""

    def __init__(
        self,
        book: LeaseBook,
        *,
        processes: Mapping[str, int],
        slots: Callable[[str], int],
        lease: float,
        grace: float,
        memory_limit_mb: int = 0,
        forget: Callable[[str], None] = lambda _name: None,
    ) -> None:
        """``forget`` takes away the record of a process that has ended, by its name."""
        self._book = book
        self._forget = forget
        self._slots = slots
        self._lease = lease
        self._grace = grace
        self._memory_limit = memory_limit_mb * _MEGABYTE
        self._posts = [Post(lane, n) for lane, count in processes.items() for n in range(count)]
        self.crew: dict[Post, CrewMember] = {}
        self._backoff = dict.fromkeys(self._posts, _FIRST_BACKOFF)
        self._start_at = dict.fromkeys(self._posts, 0.0)
        self._unrescued: list[tuple[str, Death]] = []
        self._weighed_at = 0.0
        self.outages = Outages()
        self._stepping = Wait(self.outages, "supervising")
        self._rescuing = Wait(self.outages, "rescuing the jobs of dead processes")
        self._rescue_at = 0.0
        #: How many processes of each lane ended, and why: stopped, crashed, killed.
        self.deaths: Counter[tuple[str, str]] = Counter()
        #: A queue that may be filled from inside a signal handler.
        self._asked: SimpleQueue[None] = SimpleQueue()
        self._times_asked = 0

    def run(self) -> None:
        """Supervises until asked to stop; returns when every process is gone."""
        pause = self._try_step()
        while not self._told_to_stop(pause):
            pause = self._try_step()
        self._stop_all()

    def _try_step(self) -> float:
        """One step; the seconds until the next. The crew does not deserve to end with its supervisor."""
        try:
            self.step()
        except Exception as error:  # noqa: BLE001 - told by the outages
            return max(_TICK, self._stepping.failed(error))
        self._stepping.over()
        return _TICK

    def _told_to_stop(self, patience: float) -> bool:
        try:
            self._asked.get(timeout=patience)
        except Empty:
            return False
        return True

    def step(self) -> None:
        """One look at everything."""
        now = time.monotonic()
        for post in self._posts:
            member = self.crew.get(post)
            if member is None:
                self._fill(post, now)
            elif member.returncode() is not None:
                self._bury(post, member, now)
            else:
                self._watch(member, now)
        self._rescue()

    def _fill(self, post: Post, now: float) -> None:
        if now < self._start_at[post]:
            return
        name = f"{socket.gethostname()}-{post.lane}-{post.number}-{secrets.token_hex(3)}"
        self.crew[post] = CrewMember(name, post.lane, self._slots(post.lane))
        log.info("worker.spawned", worker=name, pid=self.crew[post].pid)

    def _bury(self, post: Post, member: CrewMember, now: float) -> None:
        """Notes its jobs for rescue and when to start another in its place."""
        flights = {(flight.job_id, flight.fence) for flight in member.board.in_flight()}
        guilty = {(flight.job_id, flight.fence) for flight in member.guilty}
        self.deaths[post.lane, _cause_of(member)] += 1
        cause = member.kill_reason or f"worker process ended with {member.returncode()}"
        reason = "timeout" if guilty else "crashed"
        log.log(
            20 if member.returncode() == 0 else 40,
            "worker.died",
            worker=member.name,
            returncode=member.returncode(),
            cause=cause,
            running=len(flights),
        )
        self._unrescued.append((member.name, Death(cause, flights, guilty, reason)))
        member.board.close()
        del self.crew[post]
        healthy = now - member.started > _HEALTHY_AFTER
        pause = 0.0 if member.returncode() == 0 or healthy else self._backoff[post]
        self._backoff[post] = (
            _FIRST_BACKOFF if healthy else min(self._backoff[post] * 2, _LONGEST_BACKOFF)
        )
        self._start_at[post] = now + pause

    def _watch(self, member: CrewMember, now: float) -> None:
        """Kills a process that cannot end a job itself, before its leases end."""
        overdue = member.overdue(now)
        if overdue:
            member.kill("killed: a job ran beyond its hard time limit", overdue)
        elif member.silent_for(now) > self._lease - max(1.0, self._lease / 10):
            member.kill("killed: it had not run Python for most of a lease", [])
        elif self._memory_limit and now - self._weighed_at > _MEMORY_TICK:
            self._weighed_at = now
            self._weigh()

    def _weigh(self) -> None:
        for member in self.crew.values():
            if member.returncode() is None and member.rss_bytes() > self._memory_limit:
                member.kill("killed: it held more memory than worker.memory_limit_mb", [])

    def _rescue(self) -> None:
        """Gives back the jobs of the dead; tries again at a later step while Redis does not serve."""
        if time.monotonic() < self._rescue_at:
            return
        for entry in list(self._unrescued):
            name, death = entry
            try:
                rescued = judge(self._book.of_worker(name), death)
                self._book.rescue(rescued, only_expired=False)
            except Exception as error:  # noqa: BLE001 - told by the outages
                self._rescue_at = time.monotonic() + self._rescuing.failed(error)
                return
            self._rescuing.over()
            self._unrescued.remove(entry)
            if rescued:
                log.warning("worker.rescued", worker=name, jobs=len(rescued), cause=death.cause)
            self._forget_record(name)

    def _forget_record(self, name: str) -> None:
        """Else the dead are counted as alive until their records run out, most of all in a crash loop."""
        try:
            self._forget(name)
        except Exception as error:  # noqa: BLE001 - it runs out by itself
            log.debug("worker.record_left", worker=name, error=str(error))

    def not_ready(self) -> list[str]:
        """Why jobs are not worked on here; empty while each lane has a process that stands."""
        now = time.monotonic()
        lanes = dict.fromkeys(post.lane for post in self._posts)
        standing = {post.lane for post in self._posts if self._stands(post, now)}
        missing = [self._trouble_of(lane) for lane in lanes if lane not in standing]
        return [*missing, *self.outages.reasons()]

    def _stands(self, post: Post, now: float) -> bool:
        """Whether its process has begun, and has lived for long enough if those before it crashed."""
        member = self.crew.get(post)
        if member is None or not member.has_begun():
            return False
        is_suspect = self._backoff[post] > _FIRST_BACKOFF
        return not is_suspect or now - member.started > _HEALTHY_AFTER

    def _trouble_of(self, lane: str) -> str:
        crashes = sum(
            n for (of, cause), n in self.deaths.items() if of == lane and cause in _VIOLENT
        )
        if not crashes:
            return f"lane {lane}: no process has begun yet"
        return (
            f"lane {lane}: its processes keep ending, {crashes} times until now; their log says why"
        )

    def ask_to_stop(self) -> None:
        """Stops every process in order; asked again, at once."""
        self._times_asked += 1
        self._asked.put(None)
        if self._times_asked > 1:
            self._ask_all()

    def _ask_all(self) -> None:
        for member in list(self.crew.values()):
            if member.returncode() is None:
                member.ask_to_stop()

    def _stop_all(self) -> None:
        self._ask_all()
        deadline = time.monotonic() + self._grace + 10
        while self.crew:
            now = time.monotonic()
            for post, member in list(self.crew.items()):
                if member.returncode() is not None:
                    self._bury(post, member, now)
                elif now > deadline:
                    member.kill("killed: it did not stop within its grace period", [])
            time.sleep(_TICK / 2)
        self._rescue_at = 0.0
        self._rescue()


def _cause_of(member: CrewMember) -> str:
    if member.kill_reason:
        return "killed"
    return "stopped" if member.returncode() == 0 else "crashed"


def stop_on_signals(supervisor: Supervisor) -> None:
    """SIGTERM and SIGINT stop the crew in order; a second one makes it give everything back at once."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        supervisor.ask_to_stop()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
