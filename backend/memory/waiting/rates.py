"""Rates, in memory: the rules of `_rates.lua`. A start counts when a job starts."""

from __future__ import annotations

from typing import NamedTuple

from backend.domain.jobs.options.rate import Rate
from backend.memory.kept_job import KeptJob
from backend.memory.state import BrokerState
from backend.memory.waiting import on_the_way
from backend.memory.waiting.quotas import OF_TENANT, starts_of, tenant_with_quota

_NO_RATE = 10**9
#: What the gates of rates are called before the job type, or the key, which has a colon in it.
_GATE = "rate:"


class HeldBy(NamedTuple):
    """One rate that a job has to be let start by, and what it takes of it."""

    #: A job type, or a key.
    name: str
    rate: Rate
    cost: int

    @property
    def gate(self) -> str:
        """Where the job waits."""
        return gate_of(self.name)


def rates_of(state: BrokerState, job: KeptJob) -> list[HeldBy]:
    """Of its type, of its key, and of its tenant."""
    found = ((name, rate_at(state, name, job)) for name in names_of(state, job))
    return [HeldBy(name, rate, _cost(name, rate, job)) for name, rate in found if rate]


def names_of(state: BrokerState, job: KeptJob) -> list[str]:
    """What those rates are called, whether they are limited or not."""
    tenant = tenant_with_quota(state, job)
    names = (job.asked.job_type, job.rate_share.key, OF_TENANT + tenant if tenant else "")
    return [name for name in names if name]


def rate_at(state: BrokerState, name: str, job: KeptJob | None) -> Rate | None:
    """What holds for a type; or for a key, as an operator says, or else as its next job does."""
    if name.startswith(OF_TENANT):
        return starts_of(state, name.removeprefix(OF_TENANT))
    if ":" not in name:
        return state.rates.get(name)
    if name in state.key_rates:
        return state.key_rates[name]
    return job.rate_share.rate if job else None


def _cost(name: str, rate: Rate, job: KeptJob) -> int:
    """No more than a burst: where the rate was lowered since, the job would wait for ever."""
    return 1 if name.startswith(OF_TENANT) else min(job.rate_share.weight_at(name), rate.at_once)


def shut_gate(state: BrokerState, job: KeptJob) -> str:
    """The first gate that a job has to wait behind; empty for none. Who waits already goes before it."""
    found = rates_of(state, job)
    return next((held.gate for held in found if _is_shut(state, job, held)), "")


def _is_shut(state: BrokerState, job: KeptJob, held: HeldBy) -> bool:
    units = room(state, held.rate, held.name)
    if units < held.cost:
        return True
    line = state.parked[held.gate]
    if not line:
        return False
    passed, attempts = job.passed
    if not passed or attempts != job.attempt:
        return True
    # From another gate it goes before them, but leaves the first what it needs: else small ones would keep
    # a large one from starting as long as they come.
    first = state.jobs[line[0]]
    left = 0 if passed == held.gate else _cost(held.name, held.rate, first) - 1
    return units < held.cost + left


def count_start(state: BrokerState, job: KeptJob) -> None:
    """A job starts."""
    for name in names_of(state, job):
        on_the_way.leave(state, job, gate_of(name))
    for name, rate, cost in rates_of(state, job):
        state.spoken_for[name] = _spoken_for(state, rate, name) + cost * rate.every_us


def gate_of(name: str) -> str:
    """Where jobs wait for the rate of a type, or of a key."""
    return _GATE + name


def room(state: BrokerState, rate: Rate, name: str) -> int:
    """How many units are there now."""
    ahead = _spoken_for(state, rate, name) - _now(state)
    return (rate.at_once * rate.every_us - ahead) // rate.every_us


def room_behind(state: BrokerState, name: str) -> int:
    """How many may be let through now."""
    line = [state.jobs[job_id] for job_id in state.parked[_GATE + name]]
    rate = rate_at(state, name, line[0] if line else None)
    if rate is None:
        return _NO_RATE
    coming = on_the_way.coming(state, _GATE + name)
    units = room(state, rate, name) - sum(_cost(name, rate, job) for job in coming)
    jobs = 0
    for job in line:
        units -= _cost(name, rate, job)
        if units < 0:
            break
        jobs += 1
    return jobs


def state_of(state: BrokerState, name: str, own: Rate | None) -> tuple[Rate, int, int, int] | None:
    """A rate, how many wait behind it, when (µs) the next may start, up to when all is spoken for."""
    rate = rate_at(state, name, None)
    if ":" in name and not name.startswith(OF_TENANT):
        rate = state.key_rates.get(name, own)
    if rate is None:
        return None
    spoken = _spoken_for(state, rate, name)
    opens = spoken - (rate.at_once - 1) * rate.every_us
    return rate, len(state.parked[_GATE + name]), opens if opens > _now(state) else 0, spoken


def next_opening_ms(state: BrokerState) -> int | None:
    """When (Unix ms) the first gate with jobs behind it opens."""
    gates = [gate for gate, ids in state.parked.items() if ids and gate.startswith(_GATE)]
    return min((_looks(state, gate) for gate in gates), default=None)


def _looks(state: BrokerState, gate: str) -> int:
    """Where one may start already, when to look for those who are on the way."""
    opens = _opens(state, gate, state.jobs[state.parked[gate][0]])
    return -(-opens // 1000) if opens > _now(state) else on_the_way.next_look_ms(state, gate)


def _opens(state: BrokerState, gate: str, first: KeptJob) -> int:
    name = gate.removeprefix(_GATE)
    rate = rate_at(state, name, first)
    if rate is None:
        return 0
    beyond_burst = (_cost(name, rate, first) - rate.at_once) * rate.every_us
    return _spoken_for(state, rate, name) + beyond_burst


def _spoken_for(state: BrokerState, rate: Rate, name: str) -> int:
    now, said = _now(state), state.spoken_for.get(name, 0)
    most = now + rate.at_once * rate.every_us
    if said > most:
        state.spoken_for[name] = most
    return min(max(said, now), most)


def _now(state: BrokerState) -> int:
    return state.now_ms * 1000
