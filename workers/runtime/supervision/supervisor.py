"""Keeps worker processes alive: starts, watches, replaces with back-off, rescues their jobs, stops them."""

from __future__ import annotations

import os
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from backend.telemetry.logs.logger import Logger
from backend.telemetry.outages import Outages, Wait
from workers.runtime import stop_signals
from workers.runtime.ending import LONGEST_ENDING_SECONDS
from workers.runtime.supervision.deaths import death_of
from workers.runtime.supervision.duty_roster import DutyRoster
from workers.runtime.supervision.killing import Standstill, stops_too_long
from workers.runtime.supervision.rescue_spec import Burial
from workers.runtime.supervision.rescues import Rescues
from workers.runtime.supervision.restart_pause import HEALTHY_AFTER_SECONDS, RestartPause
from workers.runtime.supervision.stop_requests import StopRequests
from workers.runtime.supervision.supervisor_spec import LaneSpec
from workers.runtime.supervision.worker_handle import WorkerHandle

log = Logger("tally.supervisor")

_TICK = 0.1
_WEIGHING_SECONDS = 1.0
_MEGABYTE = 1024 * 1024
_VIOLENT = ("crashed", "killed")
_CAUSES = ("stopped", "recycled", *_VIOLENT)


class Post(NamedTuple):
    """A place for a worker process that is always filled: a lane and a number."""

    lane: str
    number: int


class Supervisor:
    """One per host. Its own death makes its processes stop in order (they are tied to it)."""

    def __init__(
        self,
        lanes: Mapping[str, LaneSpec],
        rescues: Rescues,
        *,
        lease_seconds: float,
        memory_kill_mb: int = 0,
    ) -> None:
        """``memory_kill_mb``: 0 is any."""
        self._lanes = lanes
        self._rescues = rescues
        self._roster = DutyRoster.create()
        self._memory_kill_bytes = memory_kill_mb * _MEGABYTE
        self._silence_seconds = lease_seconds - max(1.0, lease_seconds / 10)
        self._standstill = Standstill(time.monotonic(), silence_seconds=self._silence_seconds)
        self._pauses = {
            Post(lane, number): RestartPause()
            for lane, spec in lanes.items()
            for number in range(spec.processes)
        }
        self._start_at = dict.fromkeys(self._pauses, 0.0)
        #: Until when none is started, for the system refused one.
        self._refused_until = 0.0
        self._handles: dict[Post, WorkerHandle] = {}
        #: They take no more jobs and end after their last; others are in their posts already.
        self._leaving: list[WorkerHandle] = []
        self._weighed_at = 0.0
        self.outages = Outages()
        self._stepping = Wait(self.outages, "supervising")
        self._spawning = Wait(self.outages, "starting worker processes")
        #: How many processes of each lane ended, and why. From none on: what is born with its first
        #: case has not increased, and no alert rings.
        self.deaths = Counter({(lane, cause): 0 for lane in lanes for cause in _CAUSES})
        self._requests = StopRequests()
        self._stopping_since = 0.0
        self._has_told_to_hurry = False

    def run(self) -> None:
        """Supervises until asked to stop; returns when every process is gone."""
        pause = self._tried(self.step)
        while not self._requests.wait(pause):
            pause = self._tried(self.step)
        self._stop_all()

    def _tried(self, step: Callable[[], None]) -> float:
        """One step; the seconds until the next. The crew does not deserve to end with its supervisor."""
        try:
            step()
        except Exception as error:  # noqa: BLE001 - told by the outages
            return max(_TICK, self._stepping.failed(error))
        self._stepping.over()
        return _TICK

    def step(self) -> None:
        """One look at everything."""
        now = time.monotonic()
        self._relieve_the_leaving()
        self._bury_the_dead(now)
        self._fill_posts(now)
        self._watch_all(now)
        self._rescues.step(now)

    def _fill_posts(self, now: float) -> None:
        """What the system refuses to one it refuses to the next; those that run are seen to meanwhile."""
        if now < self._refused_until:
            return
        try:
            for post in self._pauses:
                if post not in self._handles and now >= self._start_at[post]:
                    self._fill(post)
        except Exception as error:  # noqa: BLE001 - told by the outages
            self._refused_until = now + self._spawning.failed(error)
        else:
            self._spawning.over()

    def _fill(self, post: Post) -> None:
        served = "lanes" if "," in post.lane else post.lane
        name = f"{socket.gethostname()}-{served}-{post.number}-{os.urandom(3).hex()}"
        spec = self._lanes[post.lane]
        self._handles[post] = WorkerHandle(name, post.lane, spec, self._roster)
        log.info("worker.spawned", worker=name, pid=self._handles[post].pid)

    def _relieve_the_leaving(self) -> None:
        for post, member in list(self._handles.items()):
            if member.running_table.is_leaving:
                self._leaving.append(self._handles.pop(post))
        leaving = Counter(member.lane for member in self._leaving)
        for post, member in self._handles.items():
            # Else each that still has one long job when its time has come would be one process more.
            is_enough = leaving[post.lane] >= self._lanes[post.lane].processes
            member.running_table.put_off_leaving(is_enough)

    def _members(self) -> Iterator[WorkerHandle]:
        yield from list(self._handles.values())
        yield from list(self._leaving)

    def _bury_the_dead(self, now: float) -> None:
        for post, member in list(self._handles.items()):
            if member.returncode() is not None:
                del self._handles[post]
                pause = self._pauses[post].after(
                    member.served_seconds(now), in_order=member.returncode() == 0
                )
                self._start_at[post] = now + pause
                self._bury(member, pause_seconds=pause)
        for member in list(self._leaving):
            if member.returncode() is not None:
                self._leaving.remove(member)
                self._bury(member)
        if os.getpid() == 1:
            self._bury_orphans()

    def _bury_orphans(self) -> None:
        """All of a container are those of its first process; another one does not even read how."""
        from workers.runtime.supervision.orphans import bury_orphans

        bury_orphans([*(member.pid for member in self._members()), self._rescues.program or 0])

    def _bury(self, member: WorkerHandle, **details: float) -> None:
        """Notes its jobs for rescue."""
        death = death_of(member.running_table, member.returncode(), member.killing)
        self.deaths[member.lane, _cause_of(member)] += 1
        is_in_order = member.returncode() == 0
        say, event = (log.info, "worker.ended") if is_in_order else (log.error, "worker.died")
        say(
            event,
            worker=member.name,
            returncode=member.returncode(),
            cause=death.cause,
            running=len(member.running_table.running()),
            **details,
        )
        self._rescues.add(Burial(member.name, death))
        self._roster.leave(member.pid)
        member.running_table.close()

    def _watch_all(self, now: float) -> None:
        """Kills processes that cannot end a job themselves, before their leases end."""
        if self._standstill.is_felt(now):
            return
        weigh = now - self._weighed_at > _WEIGHING_SECONDS
        self._weighed_at = now if weigh else self._weighed_at
        memory_bytes = self._memory_kill_bytes if weigh else 0
        for member in self._members():
            if member.returncode() is None:
                killing = member.fault(
                    now, silence_seconds=self._silence_seconds, memory_bytes=memory_bytes
                )
                if killing is not None:
                    member.kill(killing)

    def not_ready(self) -> list[str]:
        """Why jobs are not worked on here; empty while each lane has a process that stands."""
        now = time.monotonic()
        lanes = dict.fromkeys(post.lane for post in self._pauses)
        standing = {post.lane for post in self._pauses if self._stands(post, now)}
        missing = [self._trouble_of(lane) for lane in lanes if lane not in standing]
        troubles = self._troubles_with_redis(now) if standing else []
        return [*missing, *self.outages.reasons(), *self._rescues.not_done(), *troubles]

    def _troubles_with_redis(self, now: float) -> list[str]:
        """As far as the worker process on duty was told, which asks once a second."""
        said = self._roster.said()
        if not said.moment:
            return ["no worker process has heard of Redis yet"]
        if now - said.moment > self._silence_seconds:
            return [f"no worker process has heard of Redis for {now - said.moment:.0f} s"]
        return [said.trouble] if said.trouble else []

    def _stands(self, post: Post, now: float) -> bool:
        """Whether its process has begun, and has lived for long enough if those before it crashed."""
        member = self._handles.get(post)
        if member is None or not member.has_begun():
            return False
        is_suspect = self._pauses[post].is_growing
        return not is_suspect or now - member.started > HEALTHY_AFTER_SECONDS

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
        """Asks for an orderly stop of all; asked again, it is the same request."""
        self._requests.ask()

    def obey_signals(self) -> None:
        """SIGTERM and SIGINT stop all in order, and, some seconds later, at once; so does SIGQUIT."""
        for number in stop_signals.ASKING:
            stop_signals.handle(number, lambda *_: self._requests.signal())
        stop_signals.handle(stop_signals.HURRY, lambda *_: self._requests.hurry())

    def _stop_all(self) -> None:
        self._stopping_since = time.monotonic()
        for member in self._members():
            member.ask_to_stop()
        while self._handles or self._leaving:
            # Jobs of a process that died wait for no other that has an hour yet. Those of the last ones
            # are for the last program.
            self._tried(lambda: self._rescues.step(time.monotonic()))
            self._tried(self._stop_step)
            time.sleep(_TICK / 2)
        self._rescues.finish(time.monotonic())

    def _stop_step(self) -> None:
        """One look at those that are to end."""
        now = time.monotonic()
        if self._requests.hurried and not self._has_told_to_hurry:
            self._has_told_to_hurry, self._stopping_since = True, now
            for member in self._members():
                member.ask_to_hurry()
        self._kill_the_late(now)
        self._bury_the_dead(now)
        self._watch_all(now)

    def _kill_the_late(self, now: float) -> None:
        if self._standstill.is_felt(now):
            return
        for member in self._members():
            grace = 0.0 if self._has_told_to_hurry else self._lanes[member.lane].grace_seconds
            if now > self._stopping_since + grace + LONGEST_ENDING_SECONDS:
                member.kill(stops_too_long())


def _cause_of(member: WorkerHandle) -> str:
    if member.killing is not None:
        return "killed"
    if member.returncode() != 0:
        return "crashed"
    return "recycled" if member.running_table.is_leaving else "stopped"
