"""The door through which the relay brings jobs from the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from redis import Redis

from backend.broker.jobs.codec import options_text
from backend.broker.jobs.enqueue_answers import has_replaced, is_refusal, quota_words
from backend.broker.jobs.enqueue_arguments import enqueue_arguments
from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions
from backend.broker.server.step_sizes import step_starts
from backend.domain.errors import QueueFull
from backend.domain.events.outbox import SendCode, SendReply
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.step_codes import EnqueueCode


class RedisRelayTarget:
    """The `RelayTarget` on Redis."""

    def __init__(
        self,
        client: Redis,
        keys: Keys,
        *,
        backlog_limit: int = 0,
        stream_limit: int = 0,
        lean_jobs: bool = False,
    ) -> None:
        self._client = client
        self._keys = keys
        self._functions = Functions(client, keys.root)
        self._limits = (backlog_limit, stream_limit)
        self._is_lean = lean_jobs

    def close_to_others(self, fence: int) -> bool:
        """From now on nothing is taken from relays with a lower fence; False: a higher one was here."""
        return (
            self._functions.call("relay", fence, *self._limits, *enqueue_arguments([], []))
            is not None
        )

    def send(self, jobs: Sequence[NewJob], fence: int) -> list[SendReply] | None:
        """Offers jobs, an answer for each; None when a higher fence was here, and nothing was taken."""
        replies: list[SendReply] = []
        options = [options_text(job.options) for job in jobs]
        starts = step_starts([job.payload for job in jobs], options)
        for at, end in pairwise((*starts, len(jobs))):
            answered = self._send_step(jobs[at:end], options[at:end], fence)
            if answered is None:
                # The rest is as good as refused; what went before is in Redis.
                superseded = SendReply(SendCode.REFUSED, "another relay took over")
                return [*replies, *[superseded] * (len(jobs) - at)] if replies else None
            replies += answered
        return replies

    def known(self, job_ids: Sequence[str]) -> set[str]:
        """Those of the jobs that Redis has."""
        pipe = self._client.pipeline(transaction=False)
        for job_id in job_ids:
            pipe.exists(self._keys.job(job_id))
        with translated():
            found = pipe.execute() if job_ids else []
        return {job_id for job_id, exists in zip(job_ids, found, strict=True) if exists}

    def _send_step(
        self, jobs: Sequence[NewJob], options: Sequence[str], fence: int
    ) -> list[SendReply] | None:
        arguments = enqueue_arguments(jobs, options, is_lean=self._is_lean)
        try:
            codes, may_be_done = self._functions.call(
                "relay", fence, *self._limits, *arguments, read=_as_they_are
            )
        except QueueFull as error:
            return [SendReply(SendCode.REFUSED, str(error))] * len(jobs)
        if codes is None:
            return None
        return [_reply(job, code, may_be_done) for job, code in zip(jobs, codes, strict=True)]


def _as_they_are(codes: Any, may_be_done: bool) -> tuple[Any, bool]:
    return codes, may_be_done


def _reply(job: NewJob, code: Any, may_be_done: bool) -> SendReply:
    """``may_be_done``: an earlier try of the same call may have made the job that is there."""
    if is_refusal(code):
        return SendReply(SendCode.REFUSED, _why_refused(job, code))
    if has_replaced(code):
        return SendReply(SendCode.ACCEPTED, code[0].decode(), was_there=True)
    if isinstance(code, list):
        since, holder = code[1].decode(), code[0].decode()
        reason = f"its key or id belongs to job {holder} of {since}, which has other contents"
        return SendReply(SendCode.CONFLICT, reason)
    if isinstance(code, bytes):
        return SendReply(SendCode.ACCEPTED, code.decode(), was_there=True)
    was_there = code == EnqueueCode.EXISTS and not may_be_done
    return SendReply(SendCode.ACCEPTED, job.id, was_there)


def _why_refused(job: NewJob, code: Any) -> str:
    if isinstance(code, list):
        return quota_words(code, job)
    if code == EnqueueCode.QUEUE_FULL:
        return f"queue {job.queue} is at its backlog limit"
    return "the recorder is too far behind"
