"""What keeps jobs from starting: every gate, how many wait behind it, since when, and when it opens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from backend.domain.jobs.job import JobView
from backend.domain.jobs.options.quota import Quota, Quotas, gates_of_tenant
from backend.domain.jobs.options.rate import Rate
from backend.domain.jobs.options.rate_share import ONE
from backend.domain.ports import Inspection
from backend.domain.schedules.freeze import words_of

#: Each gate is asked for by itself; of very many the first by name are shown.
MOST_GATES = 200
_MOST_NAMED = 10


class GateLine(NamedTuple):
    """One gate as it stands."""

    gate: str
    #: What it is, for people.
    words: str
    #: Jobs that stepped aside for it.
    waiting: int
    #: The next of them to go on, and since when it waits.
    next_job_id: str = ""
    since: datetime | None = None
    #: How many hold a place of it; of a limit, of how many.
    holders: int = 0
    limit: int | None = None
    #: Who keeps a place of it until it has ended, running or not: the first of them.
    kept_by: tuple[str, ...] = ()
    #: When the next may start by a rate, or a freeze ends; None: at once, or nobody knows.
    opens_at: datetime | None = None


class GateListing:
    """Reads the gates of one deployment."""

    def __init__(self, inspection: Inspection, quotas: Quotas, now: Callable[[], datetime]) -> None:
        self._look = inspection
        self._quotas = quotas
        self._now = now

    def all(self) -> list[GateLine]:
        """Gates that jobs wait behind, and limits, rates and quotas that are set, by name."""
        quotas = self._quotas.all(MOST_GATES)
        rates = self._look.rates()
        limits = {f"type:{name}": most for name, most in self._look.limits().items()}
        said = {*limits, *(f"rate:{name}" for name in rates)}
        said |= {gate for state in quotas for gate in _gates_of(state.tenant, state.quota)}
        limits |= {f"tenant:{each.tenant}": each.quota.running or 0 for each in quotas}
        rates |= {f"@{e.tenant}": e.quota.starts for e in quotas if e.quota.starts}
        limits |= {f"key:{key}": most for key, most in self._look.key_limits().items()}
        names = sorted({*self._look.gates(), *said})[:MOST_GATES]
        first = {name: next(iter(self._look.parked(name, 0, 1)), "") for name in names}
        jobs = {job.id: job for job in self._look.jobs([each for each in first.values() if each])}
        ends, of_keys = self._ends(), self._look.key_rates()
        ends |= {f"rate:@{each.tenant}": each.opens_at for each in quotas if each.opens_at}
        found = []
        for name in names:
            following = jobs.get(first[name])
            rated = {**rates, **_rate_of_key(name, following, of_keys)}
            opens_at = self._opens(name, following, ends)
            line = self._line(name, following, limits, rated)
            found.append(line._replace(opens_at=opens_at))
        return found

    def _line(
        self,
        gate: str,
        following: JobView | None,
        limits: Mapping[str, int],
        rates: Mapping[str, Rate],
    ) -> GateLine:
        holders, waiting = self._look.gate(gate)
        kind, _, name = gate.partition(":")
        limit = limits.get(gate)
        if kind == "key" and limit is None and following is not None:
            limit = following.limit
        return GateLine(
            gate,
            _words(kind, name, limit, rates.get(name)),
            waiting,
            following.id if following else "",
            (following.enqueued_at or following.created_at) if following else None,
            len(holders),
            limit or None,
            tuple(holders[:_MOST_NAMED]) if following is not None and following.hold else (),
        )

    def _ends(self) -> dict[str, datetime]:
        now = self._now()
        windows = [window for window in self._look.frozen() if window.holds(now)]
        ordered = sorted(windows, key=lambda window: window.ends_at)
        return {f"frozen:{window.what}": window.ends_at for window in ordered}

    def _opens(
        self, gate: str, following: JobView | None, ends: Mapping[str, datetime]
    ) -> datetime | None:
        kind, _, name = gate.partition(":")
        if kind != "rate" or name.startswith("@"):
            return ends.get(gate)
        share = following.rate_share if following else ONE
        found = self._look.rate_state(name, share.rate)
        if found is None or (weight := share.weight_at(name)) == 1:
            return found.opens_at if found else None
        now = self._now()
        opens = found.starts_at(min(weight, found.rate.at_once), now)
        return opens if opens > now else None


def _rate_of_key(
    gate: str, following: JobView | None, said: Mapping[str, Rate | None]
) -> dict[str, Rate]:
    """What holds for the key of a gate, if it is one: as an operator says, or else as its next job does."""
    kind, _, name = gate.partition(":")
    if kind != "rate" or ":" not in name or name.startswith("@"):
        return {}
    own = following.rate_share.rate if following else None
    rate = said.get(name, own)
    return {name: rate} if rate else {}


def _gates_of(tenant: str, quota: Quota) -> list[str]:
    run, start = gates_of_tenant(tenant)
    limited = ((run, quota.running), (start, quota.starts))
    return [gate for gate, most in limited if most is not None]


def _words(kind: str, name: str, limit: int | None, rate: Rate | None) -> str:
    if kind in {"type", "key", "tenant"}:
        return _limit_words(kind, name, limit)
    if kind == "rate":
        whose = f"the key {name}" if ":" in name else name
        whose = f"the tenant {name[1:]}" if name.startswith("@") else whose
        return f"{whose}: {rate.words}" if rate else f"{whose}: no rate any more"
    if kind == "paused":
        return f"the job type {name} is paused"
    if kind == "frozen":
        return f"{words_of(name)} is frozen"
    return f"the breaker of {name}" if kind == "breaker" else f"{kind} {name}"


def _limit_words(kind: str, name: str, limit: int | None) -> str:
    if kind == "type":
        return f"{name}: {limit} at once" if limit else f"{name}: no limit any more"
    return f"the {kind} {name}: {limit} at once" if limit else f"the {kind} {name}"
