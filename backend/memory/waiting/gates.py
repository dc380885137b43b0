"""Gates: limits and paused job types. Who may not start waits aside: the head of a queue stays free."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

from backend.domain.jobs.options.job_terms import terms_of
from backend.domain.jobs.queue_name import Priority, QueueName
from backend.memory.kept_job import KeptJob
from backend.memory.state import BrokerState
from backend.memory.waiting import breakers, freezes, on_the_way, quotas, rates

_NO_LIMIT = 10**9
#: Of so many jobs that are let through, one is of the lowest priority that waits.
_TURNS = 10
#: Gates behind which the keys of a fair queue take turns.
_TAKES_TURNS = {"type", "rate", "breaker", "frozen"}


def gates_of(state: BrokerState, job: KeptJob) -> dict[str, int]:
    """The limits that a job must pass to start, by gate."""
    gates = {}
    if job.asked.job_type in state.limits:
        gates[f"type:{job.asked.job_type}"] = state.limits[job.asked.job_type]
    if job.asked.limit_key:
        gates[f"key:{job.asked.limit_key}"] = _limit_of_key(state, job, job.asked.limit)
    if tenant := quotas.tenant_with_quota(state, job):
        gates[f"tenant:{tenant}"] = quotas.running_most(state, tenant) or _NO_LIMIT
    return gates


def shut_gate(state: BrokerState, job: KeptJob) -> str:
    """The gate that keeps a job from starting; empty when it may."""
    if f"type:{job.asked.job_type}" in state.paused:
        return f"paused:{job.asked.job_type}"
    if frozen := freezes.shut_gate(state, job):
        return frozen
    if gate := breakers.shut_gate(state, job):
        return gate
    gates = gates_of(state, job)
    full = (gate for gate, most in gates.items() if _is_kept_from(state, job, gate, most))
    return next(full, "") or rates.shut_gate(state, job)


def _is_kept_from(state: BrokerState, job: KeptJob, gate: str, most: int) -> bool:
    """For a place that is kept until the end they go in their order; who has it already passes."""
    is_full = len(state.holders[gate]) >= most
    if not (job.hold and gate.startswith("key:")):
        return is_full
    has_waited = job.passed == (gate, job.attempt)
    return job.kept_gate != gate and (is_full or (bool(state.parked[gate]) and not has_waited))


def enter(state: BrokerState, job: KeptJob) -> None:
    """A job that starts holds a slot of each of its limits."""
    rates.count_start(state, job)
    job.gates = list(gates_of(state, job))
    if job.hold and job.asked.limit_key:
        job.kept_gate = f"key:{job.asked.limit_key}"
    breakers.start(state, job)
    for gate in job.gates:
        state.holders[gate].add(job.id)


def leave(state: BrokerState, job: KeptJob) -> None:
    """Gives back what a job held but for the place that it keeps, and sends the next ones."""
    gates, job.gates = job.gates, []
    for gate in gates:
        if gate != job.kept_gate:
            state.holders[gate].discard(job.id)
            pass_on(state, gate)


def leave_kept_gate(state: BrokerState, job: KeptJob) -> None:
    """Gives that one back too: the job has ended."""
    gate, job.kept_gate = job.kept_gate, ""
    if gate:
        state.holders[gate].discard(job.id)
        pass_on(state, gate)


def park(state: BrokerState, job: KeptJob, gate: str) -> None:
    """Puts a job aside. It was perhaps let through another gate for a slot: the next goes in its stead."""
    on_the_way.leave_passed(state, job)
    _stand_in_line(state, job, gate, first=job.passed == (gate, job.attempt))
    job.parked = gate
    state.counts[job.queue]["parked"] += 1
    pass_on_all(state, job, but=gate)


def _stand_in_line(state: BrokerState, job: KeptJob, gate: str, *, first: bool) -> None:
    """Behind those of its priority; who was let through and lost the slot goes before them."""
    mine, passed, line = _rank(job), (gate, job.attempt), state.parked[gate]
    job.passed = passed if first else ("", 0)
    others = [state.jobs[job_id] for job_id in line]
    rule = state.lines.rules.get(job.queue)
    if rule is not None and not first and gate.partition(":")[0] in _TAKES_TURNS:
        above = sum(_rank(other) < mine for other in others)
        beside = [other.id for other in others if _rank(other) == mine]
        key = rule.key_of(json.loads(job.options))
        where = state.lines.places.place(f"{mine}:{gate}", beside, job.id, key, rule.stride(key))
        line.insert(above + where, job.id)
        return
    before = [
        _rank(other) < mine or (_rank(other) == mine and (not first or _came_back(other, gate)))
        for other in others
    ]
    line.insert(sum(before), job.id)


def _came_back(job: KeptJob, gate: str) -> bool:
    return job.passed == (gate, job.attempt)


def _rank(job: KeptJob) -> int:
    return _rank_of(job.queue)


@lru_cache(maxsize=1024)
def _rank_of(queue: str) -> int:
    """Of each that waits it is asked whenever one of them comes or goes."""
    return list(Priority).index(QueueName.parse(queue).priority)


def change_line(state: BrokerState, job: KeptJob, *, front: bool) -> None:
    """Its priority is another one now: it stands at the end of that line, or at its front."""
    line = state.parked[job.parked]
    line.remove(job.id)
    ranks = [_rank(state.jobs[job_id]) for job_id in line]
    before = sum(rank < _rank(job) or (rank == _rank(job) and not front) for rank in ranks)
    line.insert(before, job.id)


def unpark(state: BrokerState, job: KeptJob) -> None:
    """Takes one job out from behind its gate, wherever it goes then."""
    state.parked[job.parked].remove(job.id)
    state.lines.leave(job)


def let_through(state: BrokerState, gate: str, most: int) -> int:
    """Lets the first ones behind a gate back to the front of their queues, in their order; how many."""
    chosen = _next_ones(state, gate, most)
    for job in reversed(chosen):
        unpark(state, job)
        if not gate.startswith("paused:"):
            job.passed = (gate, job.attempt)
        on_the_way.send(state, gate, job)
        # In a fair queue all of a pause would go before every line.
        if not (gate.startswith("paused:") and state.lines.line_up(job, front=True)):
            state.to_queue(job, front=True)
    state.changed.notify_all()
    return len(chosen)


def _next_ones(state: BrokerState, gate: str, most: int) -> list[KeptJob]:
    """In the order of their turns: turns are counted while there is a choice."""
    line = [state.jobs[job_id] for job_id in state.parked[gate]]
    is_all = most >= len(line)
    chosen: list[KeptJob] = []
    while line and len(chosen) < most:
        may_go = line if is_all else _of_open_queues(state, line)
        next_one = may_go[_place_of_next(state, gate, [_rank(job) for job in may_go])]
        line.remove(next_one)
        chosen.append(next_one)
    return chosen


def _of_open_queues(state: BrokerState, line: Sequence[KeptJob]) -> Sequence[KeptJob]:
    """Without those of a queue where nothing starts now.

    They would keep others waiting beside a free slot; where there are none the next goes all the same.
    """
    is_open = {queue: not freezes.is_closed(state, queue) for queue in {job.queue for job in line}}
    return [job for job in line if is_open[job.queue]] or line


def _place_of_next(state: BrokerState, gate: str, ranks: Sequence[int]) -> int:
    if ranks[0] == ranks[-1]:
        return 0
    state.turns[gate] += 1
    return ranks.index(ranks[-1]) if state.turns[gate] % _TURNS == 0 else 0


def chime(state: BrokerState) -> int:
    """Lets jobs through that rates and breakers allow by now, or whose freeze is over; how many."""
    timed = [gate for gate in list(state.parked) if on_the_way.is_timed(gate)]
    moved = sum(let_through(state, gate, room_at(state, gate)) for gate in timed)
    return moved + _thaw(state)


def _thaw(state: BrokerState) -> int:
    moved = 0
    for gate in [gate for gate, ids in state.parked.items() if ids and gate.startswith("frozen:")]:
        out = let_through(state, gate, freezes.room_behind(state, gate))
        freezes.count_let_through(state, gate, out)
        moved += out
    freezes.forget_windows(state)
    return moved


def pass_on(state: BrokerState, gate: str) -> None:
    """Whoever gives a slot back, or was let through for one and does not take it, sends the next for it."""
    if state.parked[gate] and room_at(state, gate) > 0:
        let_through(state, gate, 1)


def pass_on_all(state: BrokerState, job: KeptJob, but: str = "") -> None:
    """The same for every limit of a job."""
    tenant = quotas.tenant_of(job.asked)
    for gate in (f"type:{job.asked.job_type}", f"key:{job.asked.limit_key}", f"tenant:{tenant}"):
        if gate != but:
            pass_on(state, gate)


def _limit_of_key(state: BrokerState, job: KeptJob, own: int) -> int:
    """As an operator says, or else as the job does."""
    return state.key_limits.get(job.asked.limit_key, own) or _NO_LIMIT


def room_at(state: BrokerState, gate: str) -> int:
    """How many more may start. A limit is the deployment's, the tenant's, or of a key the next job's."""
    kind, _, name = gate.partition(":")
    if kind == "rate":
        return rates.room_behind(state, name)
    if kind == "breaker":
        return breakers.room_behind(state, name)
    if kind == "type":
        limit = state.limits.get(name, _NO_LIMIT)
    elif kind == "tenant":
        limit = quotas.running_most(state, name) or _NO_LIMIT
    else:
        first = state.jobs[state.parked[gate][0]]
        own = terms_of(json.loads(first.options)).limit or first.asked.limit
        limit = _limit_of_key(state, first, own)
    return limit - len(state.holders[gate])
