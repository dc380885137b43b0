"""A token that stands for a plan of jobs as it was previewed. It holds no secret and gives no right."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import NamedTuple

from backend.domain.errors import InvalidOption
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.follow_ups import under_another_id

_TOKEN = re.compile(
    r"plan-([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})-([0-9a-f]{32})"
)


class PlanToken(NamedTuple):
    """``id`` is the UUIDv7 of the preview, ``digest`` covers what would have been enqueued."""

    id: str
    digest: str

    def __str__(self) -> str:
        return f"plan-{self.id}-{self.digest}"

    @classmethod
    def parse(cls, text: str) -> PlanToken:
        """The token in a text; raises `InvalidOption`."""
        match = _TOKEN.fullmatch(text)
        if match is None:
            raise InvalidOption("this is not the token of a preview", field="plan")
        return cls(match[1], match[2])

    @property
    def made_at_ms(self) -> int:
        """Unix milliseconds of the preview."""
        return int(self.id[:8] + self.id[9:13], 16)


def token_for(plan_id: str, jobs: Sequence[NewJob]) -> PlanToken:
    """The token of jobs that passed every check. The ids of the jobs themselves do not matter."""
    text = json.dumps([plan_id, [_essence(job) for job in jobs]], sort_keys=True)
    return PlanToken(plan_id, hashlib.sha256(text.encode()).hexdigest()[:32])


def _essence(job: NewJob) -> list[object]:
    return [
        job.job_type,
        str(job.queue),
        job.payload,
        under_another_id(job.options, ""),
        job.max_attempts,
        job.timeout,
        job.result_ttl,
        job.run_at.isoformat() if job.run_at else None,
        job.delay,
        job.expires_at.isoformat() if job.expires_at else None,
        job.unique_key,
        job.limit_key,
        job.limit,
    ]
