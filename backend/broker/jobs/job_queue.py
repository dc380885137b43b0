"""Accepting jobs and looking at one: what callers of the platform touch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any, cast

from redis import Redis
from redis.exceptions import RedisError

from backend.broker.jobs import codec
from backend.broker.jobs.enqueue_answers import StepAnswer, replies_of, step_answer
from backend.broker.jobs.enqueue_arguments import enqueue_arguments
from backend.broker.jobs.moments import moment
from backend.broker.keys import Keys
from backend.broker.server.connection import blocked, translated
from backend.broker.server.functions import Functions
from backend.broker.server.keyspace import refuse_others
from backend.domain.errors import TallyError
from backend.domain.jobs.job import EnqueueReply, JobView, NewJob
from backend.domain.jobs.job_state import JobState

#: By so much a step may tell another moment than the one from which Redis counts how long it keeps a thing.
_ROUNDED = timedelta(milliseconds=10)
#: By more than this no clock here is behind that of Redis, which alone counts.
_CLOCKS_APART = timedelta(minutes=10)
#: Where the steps of a call begin that has one.
_ALONE = (0,)
#: Seconds: neither Redis nor the system's own calls take any number of them.
_LONGEST_TURN = 3600.0
#: The token of a job for which many wait: whoever takes it gives it on.
_TELL_ON = b"+"


class RedisJobQueue:
    """The `JobQueue` on Redis."""

    def __init__(
        self,
        client: Redis,
        blocking: Redis,
        keys: Keys,
        *,
        backlog_limit: int = 0,
        stream_limit: int = 0,
        lean_jobs: bool = False,
        looks_first: bool = False,
    ) -> None:
        """``looks_first``: who comes first looks whether others keep jobs under the prefix."""
        self._client = client
        self._blocking = blocking
        self._keys = keys
        self._functions = Functions(client, keys.root)
        self._limits = (str(backlog_limit), str(stream_limit))
        self._is_lean = lean_jobs
        self._is_strange = looks_first

    def enqueue(self, jobs: Sequence[NewJob]) -> list[EnqueueReply]:
        """Accepts jobs, a hundred a step or a megabyte of them, some steps ahead of the answers.

        What cannot be encoded is refused with nothing accepted. Any other refusal names how many were
        accepted before it, and the ids of all that were.
        A `QueueUnavailable` says whether those of its step may have been accepted all the same, and
        under which ids. Raises `IdempotencyConflict` for the first job whose key or id belongs to
        another, after the others were accepted, and `ForeignKeyspace` where RQ works and we never have.
        """
        # They alone may be no JSON. All else is encoded, and answers are read, while Redis works.
        options = [codec.options_text(job.options) for job in jobs]
        if self._is_strange and (refused := self._look_first()):
            return replies_of(jobs, [refused], _ALONE)
        if len(jobs) == 1:
            return replies_of(jobs, [self._send(jobs, options)], _ALONE)
        return self._enqueue_many(jobs, options)

    def _enqueue_many(self, jobs: Sequence[NewJob], options: Sequence[str]) -> list[EnqueueReply]:
        # Most processes enqueue one at a time.
        from backend.broker.server.step_sizes import step_starts

        starts = step_starts([job.payload for job in jobs], options)
        if len(starts) <= 1:
            return replies_of(jobs, [self._send(jobs, options)], _ALONE)
        steps = pairwise((*starts, len(jobs)))
        calls = (self._arguments(jobs[at:end], options[at:end]) for at, end in steps)

        def read(number: int, codes: Sequence[Any], may_be_done: bool) -> StepAnswer:
            return step_answer(jobs, starts[number], codes, may_be_done)

        return replies_of(jobs, self._functions.call_each("enqueue", calls, read), starts)

    def _look_first(self) -> Exception | None:
        """Once a process: later on Redis may be emptied under us, and others come back before we do."""
        try:
            refuse_others(self._functions)
        except (TallyError, RedisError) as error:
            return error
        self._is_strange = False
        return None

    def _send(self, jobs: Sequence[NewJob], options: Sequence[str]) -> StepAnswer | Exception:
        arguments, read = self._arguments(jobs, options), partial(step_answer, jobs, 0)
        try:
            answer: StepAnswer = self._functions.call_in_texts("enqueue", arguments, read)
        except (TallyError, RedisError) as error:
            return error
        return answer

    def _arguments(self, jobs: Sequence[NewJob], options: Sequence[str]) -> list[str]:
        return [*self._limits, *enqueue_arguments(jobs, options, is_lean=self._is_lean)]

    def find(self, job_id: str) -> JobView | None:
        """The job's hash, newest result and due time, read together.

        Of one whose result may have left it Redis is asked for the time, too.
        """
        with translated():
            pipe = self._client.pipeline(transaction=False)
            pipe.hgetall(self._keys.job(job_id))
            pipe.xrevrange(self._keys.results(job_id), count=1)
            pipe.zscore(self._keys.schedule, job_id)
            fields, results, due = cast(tuple[Any, Any, Any], tuple(pipe.execute()))
        if b"status" not in fields:
            return None
        job = codec.job_view(job_id, fields, results[0][1] if results else None, due)
        if job.state is JobState.FINISHED and job.result is None and job.ended_at is not None:
            return self._without_result(job, job.ended_at, codec.result_ttl(fields))
        return job

    def _without_result(self, job: JobView, ended_at: datetime, ttl_seconds: float) -> JobView:
        """Its handler returned nothing, or its result left before it: a key may keep a job for longer."""
        until = ended_at + timedelta(seconds=ttl_seconds)
        if until > moment(time.time()) + _CLOCKS_APART:
            return job
        with translated():
            seconds, microseconds = self._client.time()
        is_over = until <= moment(seconds + microseconds / 1_000_000) + _ROUNDED
        return replace(job, result_until=until) if is_over else job

    def wait(self, job_id: str, timeout: float) -> bool:
        """Asks ``settle`` for a token on the job's own list, then blocks on it."""
        status = self._functions.call("await", job_id)
        if status is None or _is_over(status):
            return status is not None
        ends_at = time.monotonic() + timeout
        while True:
            left = max(ends_at - time.monotonic(), 0.001)
            token = self._token(job_id, min(left, _LONGEST_TURN))
            if token is None and left <= _LONGEST_TURN:
                return False
            # One that many hand on may be left from an end before: the job may wait once more.
            if token == _TELL_ON and not _is_over(self._functions.call("await", job_id, 1)):
                continue
            if token is not None:
                return True

    def _token(self, job_id: str, seconds: float) -> bytes | None:
        """What tells that the job has ended; None when it did not within so many seconds."""
        done = self._keys.done(job_id)
        with translated():
            found = blocked(self._blocking, seconds, "BLPOP", done, seconds)
        return cast(bytes, found[1]) if found else None


def _is_over(status: bytes | None) -> bool:
    return status is None or JobState(status.decode()).is_final
