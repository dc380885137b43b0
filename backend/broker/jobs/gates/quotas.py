"""Quotas of tenants in Redis, as `_quotas.lua` keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import cast

from redis import Redis

from backend.broker.jobs.moments import moment
from backend.broker.jobs.parked_jobs import ParkedJobs
from backend.broker.keys import Keys
from backend.broker.ledger.redis_controls import RedisControls
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions
from backend.domain.jobs.options.quota import (
    Miscounted,
    Misfit,
    Quota,
    QuotaState,
    gates_of_tenant,
    quota_in,
)
from backend.domain.jobs.options.rate import Rate

#: Jobs of one step, and of one page of what is counted.
_BULK, _PAGE = 200, 1000
_HEAD = "quota:tenant:"
#: Jobs that wait and run, when one may start, and whether all are counted.
_Numbers = tuple[int, int, datetime | None, bool]


class RedisQuotas:
    """The `Quotas` and the `QuotaBook` on Redis."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._functions = Functions(client, keys.root)
        self._controls = RedisControls(client, keys)
        self._parked = ParkedJobs(client, keys)

    def tenants(self) -> Sequence[str]:
        """Those that have quotas."""
        return sorted(self._rules())

    def find(self, tenant: str) -> QuotaState | None:
        """How one tenant stands; None where it has no quota."""
        with translated():
            text = cast("bytes | None", self._client.hget(self._keys.quotas, tenant))
        quota = quota_in(text.decode()) if text else None
        return self._states({tenant: quota})[0] if quota else None

    def all(self, most: int) -> list[QuotaState]:
        """The tenants with quotas, at most so many, by name."""
        rules = self._rules()
        return self._states({tenant: rules[tenant] for tenant in sorted(rules)[:most]})

    def set(self, tenant: str, quota: Quota | None, *, by: str, reason: str) -> None:
        """Says it, lets through who may go, and counts the jobs that were there before, step by step."""
        words = (by, reason, tenant, quota.text if quota else "")
        run, start, uncounted, *left = self._functions.call("quota", *words)
        while left or _may_go_on(quota, run, start):
            run, start, uncounted, *left = self._functions.call("quota", *words, *left)
        while uncounted:
            uncounted = self._functions.call("count_in", tenant, _PAGE)

    def counted(self, tenant: str) -> Iterator[list[str]]:
        """The jobs that are counted as waiting, page by page."""
        cursor = 0
        while True:
            with translated():
                cursor, found = cast(
                    tuple[int, list[bytes]],
                    self._client.sscan(self._keys.waiting(tenant), cursor, count=_PAGE),
                )
            yield [job_id.decode() for job_id in found]
            if not cursor:
                return

    def miscounted(
        self, job_ids: Sequence[str], found: str = "", *, repair: bool
    ) -> list[Miscounted]:
        """Those of the jobs that are counted wrongly, each judged at one moment, and put right."""
        wrong = []
        for at in range(0, len(job_ids), _BULK):
            batch = job_ids[at : at + _BULK]
            pairs = [text for job_id in batch for text in (job_id, found)]
            flat = self._functions.call("enrolment", "1" if repair else "", *pairs)
            answers = zip(batch, flat[::2], flat[1::2], strict=True)
            wrong += [
                Miscounted(job_id, tenant.decode(), Misfit(word.decode()))
                for job_id, word, tenant in answers
                if word
            ]
        return wrong

    def _rules(self) -> dict[str, Quota]:
        with translated():
            found = cast(dict[bytes, bytes], self._client.hgetall(self._keys.quotas))
        rules = {name.decode(): quota_in(text.decode()) for name, text in found.items()}
        return {tenant: quota for tenant, quota in rules.items() if quota is not None}

    def _states(self, quotas: dict[str, Quota]) -> list[QuotaState]:
        if not quotas:
            return []
        told = {word.name: word for word in self._controls.read()}
        aside = self._parked.counts([gate for name in quotas for gate in gates_of_tenant(name)])
        states = []
        for at, (tenant, quota, numbers) in enumerate(self._numbers(quotas)):
            word = told.get(_HEAD + tenant)
            said = (word.by, word.reason, word.since) if word else ()
            behind = sum(aside[2 * at : 2 * at + 2])
            waiting, running, opens_at, is_counted = numbers
            states.append(
                QuotaState(tenant, quota, waiting, running, behind, opens_at, is_counted, *said)
            )
        return states

    def _numbers(self, quotas: dict[str, Quota]) -> Iterator[tuple[str, Quota, _Numbers]]:
        """In one round trip for all."""
        pipe = self._client.pipeline(transaction=False)
        pipe.time()
        for tenant in quotas:
            run, start = gates_of_tenant(tenant)
            pipe.scard(self._keys.waiting(tenant))
            pipe.scard(self._keys.holders(run))
            pipe.get(self._keys.spoken_for(start))
            pipe.hget(self._keys.uncounted, tenant)
        with translated():
            now, *found = pipe.execute()
        for at, (tenant, quota) in enumerate(quotas.items()):
            waiting, running, spoken, uncounted = found[4 * at : 4 * at + 4]
            opens_at = _opens_at(quota.starts, spoken, now)
            yield tenant, quota, (waiting, running, opens_at, uncounted is None)


def _may_go_on(quota: Quota | None, run: int, start: int) -> bool:
    """Whether more may be let through at once: where nothing is limited any more."""
    is_free = (quota is None or quota.running is None, quota is None or quota.starts is None)
    return (is_free[0] and run >= _BULK) or (is_free[1] and start >= _BULK)


def _opens_at(starts: Rate | None, spoken: bytes | None, now: tuple[int, int]) -> datetime | None:
    if starts is None:
        return None
    opens = int(spoken or 0) - (starts.at_once - 1) * starts.every_us
    return moment(opens / 1_000_000) if opens > now[0] * 1_000_000 + now[1] else None
