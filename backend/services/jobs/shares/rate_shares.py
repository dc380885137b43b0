"""What one start of a job takes of the rates of its type and of its key. It travels with the job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from backend.domain.errors import InvalidOption
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_id import placed
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.breaker import shortened
from backend.domain.jobs.options.keyed_name import RATE_SHARE
from backend.domain.jobs.options.rate import Rate
from backend.domain.jobs.options.rate_share import RateShare
from backend.services.jobs.destinations import told_by
from backend.services.jobs.shares.filled_in import fields_with
from backend.services.jobs.shares.payload_fields import key_of, no_key

_Payload = Mapping[str, Any] | BaseModel


def with_rate_share(job: NewJob, kind: JobType, payload: _Payload, *, own_id: bool) -> NewJob:
    """The job with what it takes of its rates, and of whose.

    Raises `InvalidOption` for a payload that tells no key, unless that is allowed, for one that tells no
    weight, and for a weight that no burst will ever have. A job without an id of its caller's is placed
    where its key is, if no limit places it.
    """
    weight = _weight(kind.rate, kind, payload)
    keyed = kind.keyed_rate
    key = key_of(keyed.by or "", kind, payload, "keyed rate") if keyed else None
    if keyed and not key and not keyed.optional:
        raise no_key(keyed.by, kind, "have a rate by key", "rate")
    if keyed is None or not key:
        share = RateShare(weight)
    else:
        name = f"{keyed.name or kind.name}:{shortened(key)}"
        share = RateShare(weight, _weight(keyed, kind, payload), name, keyed.numbers)
    options = {**job.options, RATE_SHARE: share.text}
    is_placed = own_id or job.limit_key or not share.key
    job_id = job.id if is_placed else placed(job.id, share.key)
    return job._replace(id=job_id, options=options)


def _weight(rate: Rate | None, kind: JobType, payload: _Payload) -> int:
    if rate is None or rate.weight is None:
        return 1
    field = "payload" if callable(rate.weight) else f"payload.{rate.weight}"
    if callable(rate.weight):
        weight = told_by(rate.weight, kind, payload, ("rate", "weight"))
    else:
        weight = fields_with(rate.weight, kind, payload).get(rate.weight)
    if isinstance(weight, bool) or not isinstance(weight, int) or weight < 1:
        raise InvalidOption(
            f"how much a job of the type {kind.name!r} takes of its rate is a whole number of at least "
            f"1, and {field} tells {_shown(weight)}",
            field=field,
        )
    if weight > rate.at_once:
        whose = f"{'each key of ' if rate.by else ''}the job type {kind.name!r}"
        raise InvalidOption(
            f"this job takes {weight} of the rate of {whose}, {rate.words}, of which no more than "
            f"{rate.at_once} may start at once: it would never start. Split it, or declare the rate with "
            f"a burst of at least {weight}",
            field=field,
        )
    return weight


def _shown(weight: Any) -> str:
    if weight is None:
        return "none"
    return str(weight) if isinstance(weight, int | float) else f"a {type(weight).__name__}"
