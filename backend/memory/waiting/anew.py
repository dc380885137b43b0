"""What follows from a payload, of a job that gets another one, in memory: the rules of `_anew.lua`."""

from __future__ import annotations

import json

from backend.broker.jobs import codec
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.breaker import DESTINATION
from backend.domain.jobs.options.derived import options_anew
from backend.domain.jobs.options.job_terms import terms_in
from backend.domain.jobs.options.rate_share import share_in
from backend.memory.kept_job import KeptJob
from backend.memory.state import BrokerState
from backend.memory.waiting import breakers, gates, on_the_way, rates
from backend.memory.waiting.fair_lines import FAIR, line_of


def follow_payload(
    state: BrokerState, job: KeptJob, asked: NewJob, *, with_scope: bool = False
) -> None:
    """Gives a job what follows from the payload of ``asked``, and a place to wait where that belongs."""
    limit_key, destination, rate_key = job.asked.limit_key, job.destination, job.rate_share.key
    before = json.loads(job.options)
    job.options = codec.options_text(options_anew(before, asked.options, with_scope=with_scope))
    terms = terms_in(job.options)
    job.rate_share, job.hold = share_in(terms.rate_share), terms.hold
    job.asked = job.asked._replace(limit_key=asked.limit_key, limit=asked.limit)
    _leave_kept_place(state, job)
    if job.state is JobState.QUEUED:
        if limit_key and limit_key != asked.limit_key:
            _leave(state, job, f"key:{limit_key}")
        if destination and destination != asked.options.get(DESTINATION, ""):
            _leave(state, job, breakers.gate_of(destination))
        if rate_key and rate_key != job.rate_share.key:
            _leave(state, job, rates.gate_of(rate_key))
        _change_fair_line(state, job)
    job.destination = asked.options.get(DESTINATION, "")


def _leave_kept_place(state: BrokerState, job: KeptJob) -> None:
    """One that was given back unbegun keeps a place of the key that it had."""
    if not job.hold or job.kept_gate != f"key:{job.asked.limit_key}":
        gates.leave_kept_gate(state, job)


def _leave(state: BrokerState, job: KeptJob, gate: str) -> None:
    """It waits no more behind a gate that holds it no more; its slot, or start, is the next one's."""
    if job.parked == gate:
        gates.unpark(state, job)
        state.to_queue(job, front=True)
    elif job.passed == (gate, job.attempt):
        job.passed = ("", 0)
        on_the_way.leave(state, job, gate)
        if gate.startswith("key:"):
            gates.pass_on(state, gate)


def _change_fair_line(state: BrokerState, job: KeptJob) -> None:
    rule = state.lines.rules.get(job.queue)
    if rule is None or not job.parked.startswith(FAIR):
        return
    if job.parked != line_of(job.queue, rule.key_of(json.loads(job.options))):
        gates.unpark(state, job)
        state.to_queue(job)
