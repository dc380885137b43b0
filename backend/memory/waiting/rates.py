"""Rates, in memory: the rules of `_rates.lua`. A start counts when a job starts."""

from __future__ import annotations

from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.rate import Rate
from backend.domain.jobs.queue_name import lane_of
from backend.memory.kept_job import KeptJob
from backend.memory.state import BrokerState

_NO_RATE = 10**9


def is_shut(state: BrokerState, job: KeptJob) -> bool:
    """Whether a job has to wait for its type's rate. Who has not waited yet goes behind those who do."""
    kind = job.asked.job_type
    rate = state.rates.get(kind)
    if rate is None:
        return False
    gate, attempts = job.passed
    has_waited = bool(gate) and attempts == job.attempt
    return room(state, rate, kind) <= 0 or (bool(state.parked[f"rate:{kind}"]) and not has_waited)


def count_start(state: BrokerState, job: KeptJob) -> None:
    """A job starts."""
    kind = job.asked.job_type
    state.on_the_way[kind].discard(job.id)
    if rate := state.rates.get(kind):
        state.spoken_for[kind] = _spoken_for(state, rate, kind) + rate.every_us


def room(state: BrokerState, rate: Rate, kind: str) -> int:
    """How many may start now."""
    ahead = _spoken_for(state, rate, kind) - _now(state)
    return (rate.at_once * rate.every_us - ahead) // rate.every_us


def room_behind(state: BrokerState, kind: str) -> int:
    """How many may be let through now."""
    rate = state.rates.get(kind)
    if rate is None:
        return _NO_RATE
    coming = {i for i in state.on_the_way[kind] if _is_coming(state, state.find(i))}
    state.on_the_way[kind] = coming
    return max(0, room(state, rate, kind) - len(coming))


def state_of(state: BrokerState, kind: str) -> tuple[Rate, int, int] | None:
    """A type's rate, how many wait behind it, and when (µs) the next may start."""
    rate = state.rates.get(kind)
    if rate is None:
        return None
    opens = _spoken_for(state, rate, kind) - (rate.at_once - 1) * rate.every_us
    return rate, len(state.parked[f"rate:{kind}"]), opens if opens > _now(state) else 0


def next_opening_ms(state: BrokerState) -> int | None:
    """When (Unix ms) the first gate with jobs behind it opens."""
    kinds = [kind for kind in state.rates if state.parked[f"rate:{kind}"]]
    opens = [found[2] for kind in kinds if (found := state_of(state, kind))]
    return min((-(-each // 1000) for each in opens if each), default=None)


def _spoken_for(state: BrokerState, rate: Rate, kind: str) -> int:
    now, said = _now(state), state.spoken_for.get(kind, 0)
    most = now + rate.at_once * rate.every_us
    if said > most:
        state.spoken_for[kind] = most
    return min(max(said, now), most)


def _now(state: BrokerState) -> int:
    return state.now_ms * 1000


def _is_coming(state: BrokerState, job: KeptJob | None) -> bool:
    if job is None or job.state is not JobState.QUEUED or job.parked:
        return False
    return not {f"queue:{job.queue}", f"lane:{lane_of(job.queue)}"} & state.paused.keys()
