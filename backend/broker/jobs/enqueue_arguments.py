"""Jobs as the arguments of the ``enqueue`` step: what many of them share is said once a call."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from backend.broker.jobs.codec import CALL_TAIL, call_head, milliseconds, options_text, sendable
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.breaker import DESTINATION
from backend.domain.jobs.options.follow_ups import FOLLOW, words_to_come
from backend.domain.jobs.options.keyed_name import HOLD, RATE_SHARE
from backend.domain.jobs.options.unique import OnConflict
from backend.domain.jobs.queue_name import QueueName

_SEPARATOR = "\x1f"
#: What ends a job of which nothing is said but what to do.
_PLAIN = tuple(NewJob._field_defaults.values())
#: Options that a step acts on.
_RARE = frozenset({FOLLOW, DESTINATION, RATE_SHARE, HOLD})


def enqueue_arguments(
    jobs: Iterable[NewJob], options: Iterable[str], *, is_lean: bool = False
) -> list[str]:
    """The arguments that follow the limits; ``options`` are those of each job, as `options_text` says them.

    ``is_lean`` leaves out of its hash what most jobs have: see `absent_fields`.
    """
    numbers: dict[str, str] = {}
    texts: list[str] = []
    for job, said in zip(jobs, options, strict=True):
        head = _head(job.queue, job.job_type, job.max_attempts, job.timeout, job.result_ttl)
        is_plain = job[-len(_PLAIN) :] == _PLAIN and not (_RARE & job.options.keys())
        texts += (
            numbers.get(head) or numbers.setdefault(head, str(len(numbers) + 1)),
            job.id,
            sendable(job.payload),
            said,
            "" if is_plain else _rare(job),
        )
    heads = [f"{head}lean" for head in numbers] if is_lean else list(numbers)
    return [str(len(numbers)), *heads, *texts]


def derived_arguments(asked: NewJob | None) -> list[Any]:
    """What follows from a payload, as seven arguments of the ``redrive`` step; none where nobody says."""
    if asked is None:
        return []
    return [
        options_text(asked.options),
        asked.limit_key,
        asked.limit or "",
        "1" if asked.options.get(HOLD) else "",
        sendable(asked.options.get(RATE_SHARE, "")),
        sendable(asked.options.get(DESTINATION, "")),
        asked.scope.text if asked.scope else "",
    ]


@lru_cache(maxsize=1024)
def _head(
    queue: QueueName,
    job_type: str,
    max_attempts: int,
    timeout: float,
    result_ttl: int,
) -> str:
    """RQ's timeout is whole seconds; an exact one travels with the options."""
    numbers = (str(max_attempts), str(math.ceil(timeout)), str(result_ttl))
    call = (call_head(job_type), CALL_TAIL)
    return _SEPARATOR.join((str(queue), job_type, *numbers, *call, ""))


def _rare(job: NewJob) -> str:
    """The names are those of the step. No text of a job that passed its checks has a separator in it."""
    said: list[Any] = []
    if job.delay:
        said += ("delay", int(job.delay * 1000))
    if job.run_at:
        said += ("run_at", milliseconds(job.run_at))
    if job.expires_at:
        said += ("expires_at", milliseconds(job.expires_at))
    if job.unique_key:
        said += ("unique_key", job.unique_key, "unique_window", int(job.unique_window * 1000))
    if job.limit_key:
        said += ("limit_key", job.limit_key, "limit", job.limit)
    return _SEPARATOR.join(map(str, (*said, *_same(job), *_of_options(job.options))))


def _of_options(options: Mapping[str, Any]) -> list[str]:
    said: list[str] = []
    if FOLLOW in options:
        said += (FOLLOW, words_to_come(options))
    if DESTINATION in options:
        said += (DESTINATION, sendable(options[DESTINATION]))
    if RATE_SHARE in options:
        said += ("rate", sendable(options[RATE_SHARE]))
    if HOLD in options:
        said += ("hold", "1")
    return said


def _same(job: NewJob) -> list[str]:
    """What tells whether a job that is the same is there."""
    said = ["digest", job.digest] if job.digest else []
    if job.scope is not None:
        said += ("scope", job.scope.text)
        if job.scope.on_conflict != OnConflict.KEEP:
            said += ("on_conflict", job.scope.on_conflict)
    return said
