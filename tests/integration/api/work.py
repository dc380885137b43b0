"""What happens to jobs behind the API: workers that take and end them, and the recorder."""

from __future__ import annotations

import itertools
import json
from typing import Any

from backend.bootstrap.platform import Platform
from backend.bootstrap.record_parts import event_stream
from backend.broker.jobs.dispatch import RedisDispatch
from backend.broker.workers.worker_presence import RedisWorkerPresence
from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob
from backend.domain.ports import ClaimPlan
from backend.history.recording.record_writer import PostgresRecordWriter
from backend.loops.recorder import Recorder

_numbers = itertools.count(1)


class Work:
    """Does what worker processes and the recorder do, when a test says so."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._dispatch = RedisDispatch(
            platform.redis, platform.keys, worker="hand", lanes=["default"], lease=60
        )

    def start(self, queue: str = "normal", most: int = 100) -> list[ClaimedJob]:
        """Takes jobs; they run until they are ended."""
        return self._dispatch.settle_and_claim([], [ClaimPlan(queue, 0)], most)[1]

    def promote(self) -> None:
        """What the scheduler does once: moves what is due, rings what is to ring."""
        self._platform.broker.timetable.promote(100, 0)

    def finish(self, jobs: list[ClaimedJob], result: Any = None) -> None:
        """Ends jobs well."""
        text = json.dumps(result) if result is not None else ""
        outcome = Outcome(OutcomeKind.FINISHED, result=text, run_seconds=0.5)
        self.end(jobs, outcome)

    def fail(self, jobs: list[ClaimedJob], error: str = "ValueError", message: str = "no") -> None:
        """Ends jobs for good."""
        fault = AttemptError("exception", error, message, f"Traceback…\n{error}: {message}")
        self.end(jobs, Outcome(OutcomeKind.FAILED, error=fault, run_seconds=0.5))

    def retry(self, jobs: list[ClaimedJob], delay: float) -> None:
        """Ends attempts that went wrong; the next ones are due in so many seconds."""
        fault = AttemptError("exception", "ValueError", "no", "Traceback…\nValueError: no")
        self.end(jobs, Outcome(OutcomeKind.RETRIED, error=fault, delay=delay, run_seconds=0.5))

    def end(self, jobs: list[ClaimedJob], outcome: Outcome) -> None:
        """Ends attempts in any way."""
        self._dispatch.settle_and_claim([(job, outcome) for job in jobs], [], 0)

    def close(self) -> None:
        """Ends the connection of the workers."""
        self._dispatch.close()

    def record(self) -> int:
        """Records what has happened until now; how many events it was."""
        stream = event_stream(self._platform, f"recorder-{next(_numbers)}")
        writer = PostgresRecordWriter(self._platform.history_engine)
        recorder = Recorder(stream, writer, self._platform.clock, batch=1000, patience=0.01)
        total = 0
        while size := recorder.record_batch():
            total += size
        return total

    def appear(
        self, name: str = "w1", queues: tuple[str, ...] = ("normal",)
    ) -> RedisWorkerPresence:
        """A worker process puts itself on record."""
        presence = RedisWorkerPresence(
            self._platform.redis,
            self._platform.keys,
            name=name,
            lane="default",
            queues=queues,
            slots=4,
            lifetime=60,
        )
        presence.register()
        return presence
