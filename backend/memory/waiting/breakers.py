"""Breakers of destinations, in memory: the rules of `_breakers.lua`."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend.broker.jobs.moments import moment
from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind, Unreached
from backend.domain.jobs.options.breaker import Breaker, breaker_in
from backend.domain.jobs.options.breaker_state import BreakerState, BreakerStatus
from backend.memory.kept_job import KeptJob
from backend.memory.state import BrokerState
from backend.memory.waiting import on_the_way

_ANSWERS = {OutcomeKind.FINISHED, OutcomeKind.FAILED, OutcomeKind.RETRIED}
_RAMP_PAUSE_MS = 50
_NO_LIMIT = 10**9
#: Seconds after which a ramp has no bound any more.
_LONGEST_RAMP = 30


@dataclass
class KeptBreaker:
    """One breaker. Instants are Unix milliseconds."""

    rule: Breaker = field(default_factory=Breaker)
    status: BreakerStatus = BreakerStatus.CLOSED
    #: When this bucket began; failures and answers in it, and in the one before.
    bucket: int = 0
    counts: list[int] = field(default_factory=lambda: [0, 0])
    before: list[int] = field(default_factory=lambda: [0, 0])
    since: int = 0
    #: 0: until somebody closes it; and when that was said.
    probe_at: int = 0
    opened: int = 0
    #: When probes or the ramp began, and starts since then.
    at: int = 0
    started: int = 0
    trips: int = 0
    error: str = ""
    by: str = ""
    reason: str = ""
    #: A closed one is forgotten then.
    forget: int = 0

    def note(self, now: int, *, is_bad: bool) -> None:
        """One attempt more."""
        self.bucket = min(self.bucket, now)
        age, half = now - self.bucket, self.rule.within * 500
        if age >= half:
            self.before = [0, 0] if age >= 2 * half else self.counts
            self.bucket, self.counts = now, [0, 0]
        self.counts[not is_bad] += 1

    def is_tripped(self) -> bool:
        """Whether too many failed of late."""
        bad, ok = (one + other for one, other in zip(self.counts, self.before, strict=True))
        least = 1 if self.status is BreakerStatus.RAMPING else self.rule.failures
        return bad >= least and bad >= self.rule.ratio * (bad + ok)

    def count_anew(self, now: int) -> None:
        """Nothing counts of what was before."""
        self.bucket, self.counts, self.before = now, [0, 0], [0, 0]

    def set_right(self, now: int) -> None:
        """What lies ahead of the clock was noted before that was set back: it would hold for as long."""
        self.at = min(self.at, now)
        if self.opened > now and self.probe_at:
            self.probe_at, self.opened = now + self.probe_at - self.opened, now

    def room_in_ramp(self, now: int) -> int:
        """How many may start now: twice as many each second."""
        return int(2.0 ** min(_LONGEST_RAMP, max(0, now - self.at) / 1000)) - self.started


def gate_of(destination: str) -> str:
    """The gate that its jobs wait behind."""
    return f"breaker:{destination}"


def shut_gate(state: BrokerState, job: KeptJob) -> str:
    """The gate that keeps a job from starting; empty for none. Newcomers go behind those who wait."""
    kept, gate = _find(state, job.destination), gate_of(job.destination)
    if kept is None or kept.status is BreakerStatus.CLOSED:
        return ""
    room = 0
    if kept.status is BreakerStatus.HALF_OPEN:
        room = kept.rule.probes - len(state.holders[gate])
    elif kept.status is BreakerStatus.RAMPING:
        room = kept.room_in_ramp(state.now_ms)
    passed, attempts = job.passed
    has_waited = bool(passed) and attempts == job.attempt
    return "" if room > 0 and (has_waited or not state.parked[gate]) else gate


def start(state: BrokerState, job: KeptJob) -> None:
    """A job starts: as a probe it holds a slot of the gate."""
    on_the_way.leave(state, job, gate_of(job.destination))
    kept = _find(state, job.destination)
    if kept is None or kept.status is BreakerStatus.CLOSED:
        return
    kept.started += kept.status is BreakerStatus.RAMPING
    if kept.status is BreakerStatus.HALF_OPEN:
        job.gates.append(gate_of(job.destination))


def room_behind(state: BrokerState, destination: str) -> int:
    """How many may be let through now."""
    kept, gate = _find(state, destination), gate_of(destination)
    if kept is None or kept.status is BreakerStatus.CLOSED:
        return _NO_LIMIT
    coming = len(on_the_way.coming(state, gate))
    if kept.status is BreakerStatus.HALF_OPEN:
        return max(0, kept.rule.probes - len(state.holders[gate]) - coming)
    if kept.status is BreakerStatus.RAMPING:
        if not state.parked[gate] and not coming:
            _close(state, kept, gate)
            return _NO_LIMIT
        return max(0, kept.room_in_ramp(state.now_ms) - coming)
    return 0


def judged(state: BrokerState, job: KeptJob, outcome: Outcome) -> Outcome:
    """The end that holds, once the breaker has heard of it: nobody is charged while it is open."""
    told = outcome.unreached
    if not job.destination or (told is None and outcome.kind not in _ANSWERS):
        return outcome
    if told is None:
        _hear_answer(state, job)
        return outcome
    if not _hear_failure(state, job, told):
        return outcome
    return outcome._replace(kind=OutcomeKind.RELEASED, delay=0.0, unreached=None)


def open_by_hand(state: BrokerState, destination: str, by: str, reason: str) -> bool:
    """Open until somebody closes it; False if it was so before."""
    kept = _find(state, destination) or KeptBreaker()
    if kept.status is BreakerStatus.OPEN and not kept.probe_at:
        return False
    state.breakers[destination] = kept
    _open(state, kept, 0)
    kept.by, kept.reason = by, reason
    return True


def close_by_hand(state: BrokerState, destination: str) -> bool:
    """Who waits comes back, not all at once; False if it was closed before."""
    kept = _find(state, destination)
    if kept is None or kept.status in {BreakerStatus.CLOSED, BreakerStatus.RAMPING}:
        return False
    _ramp(state, kept)
    return True


def state_of(state: BrokerState, destination: str) -> BreakerState:
    """How one stands."""
    kept, waiting = _find(state, destination), len(state.parked[gate_of(destination)])
    if kept is None or kept.status is BreakerStatus.CLOSED:
        return BreakerState(destination, BreakerStatus.CLOSED, waiting=waiting)
    is_timed = kept.status is BreakerStatus.OPEN and kept.probe_at
    return BreakerState(
        destination,
        kept.status,
        since=moment(kept.since / 1000),
        probe_at=moment(kept.probe_at / 1000) if is_timed else None,
        waiting=waiting,
        probing=len(state.holders[gate_of(destination)]),
        trips=kept.trips,
        error=kept.error,
        by=kept.by,
        reason=kept.reason,
    )


def not_closed(state: BrokerState) -> list[str]:
    """Destinations whose breakers hold jobs back, the longest first."""
    found = [
        (kept.since, name)
        for name in list(state.breakers)
        if (kept := _find(state, name)) and kept.status is not BreakerStatus.CLOSED
    ]
    return [name for _, name in sorted(found)]


def next_opening_ms(state: BrokerState) -> int | None:
    """When (Unix ms) the first breaker wants to be looked at."""
    looks = (_looks(state, name, kept) for name, kept in state.breakers.items())
    return min((each for each in looks if each is not None), default=None)


def _looks(state: BrokerState, destination: str, kept: KeptBreaker) -> int | None:
    gate = gate_of(destination)
    if kept.status is BreakerStatus.OPEN:
        return kept.probe_at or None
    is_waited_for, coming = bool(state.parked[gate]), on_the_way.coming(state, gate)
    if kept.status is BreakerStatus.RAMPING and is_waited_for:
        return state.now_ms + _RAMP_PAUSE_MS
    if kept.status is BreakerStatus.RAMPING or (is_waited_for and coming):
        return on_the_way.next_look_ms(state, gate)
    is_half = kept.status is BreakerStatus.HALF_OPEN
    return state.now_ms + on_the_way.PATIENCE_MS if is_half and is_waited_for else None


def _find(state: BrokerState, destination: str) -> KeptBreaker | None:
    """The breaker as it is now: its time to rest may be over, or its whole time."""
    kept, now = state.breakers.get(destination), state.now_ms
    if kept is None:
        return None
    if kept.status is BreakerStatus.CLOSED and kept.forget <= now:
        del state.breakers[destination]
        return None
    kept.set_right(now)
    if kept.status is BreakerStatus.OPEN and 0 < kept.probe_at <= now:
        kept.status, kept.at = BreakerStatus.HALF_OPEN, now
    return kept


def _hear_answer(state: BrokerState, job: KeptJob) -> None:
    kept = _find(state, job.destination)
    if kept is None:
        return
    if kept.status is BreakerStatus.HALF_OPEN and gate_of(job.destination) in job.gates:
        _ramp(state, kept)
    elif kept.status in {BreakerStatus.CLOSED, BreakerStatus.RAMPING}:
        kept.note(state.now_ms, is_bad=False)


def _hear_failure(state: BrokerState, job: KeptJob, told: Unreached) -> bool:
    """Whether the attempt is on the destination's account, not the job's."""
    now, kept = state.now_ms, _find(state, job.destination) or KeptBreaker()
    state.breakers[job.destination] = kept
    is_open = kept.status is BreakerStatus.OPEN
    if is_open and not kept.probe_at:
        return True
    kept.rule = breaker_in(told.rule) or Breaker()
    if told.retry_after > 0:
        kept.error = told.words
        asked = now + int(told.retry_after * 1000)
        _open(state, kept, max(asked, kept.probe_at if is_open else 0))
    elif kept.status is BreakerStatus.HALF_OPEN:
        if gate_of(job.destination) in job.gates:
            _trip(state, kept, told.words)
    elif not is_open:
        kept.note(now, is_bad=True)
        if not kept.is_tripped():
            _remember(kept, now)
            return False
        _trip(state, kept, told.words)
    return True


def _trip(state: BrokerState, kept: KeptBreaker, words: str) -> None:
    kept.trips, kept.error = kept.trips + 1, words
    rest = min(kept.rule.rest * 2 ** (kept.trips - 1), kept.rule.longest_rest)
    _open(state, kept, state.now_ms + round(rest * 1000))


def _open(state: BrokerState, kept: KeptBreaker, probe_at: int) -> None:
    kept.since = kept.since or state.now_ms
    kept.status, kept.probe_at, kept.opened = BreakerStatus.OPEN, probe_at, state.now_ms
    kept.count_anew(state.now_ms)


def _ramp(state: BrokerState, kept: KeptBreaker) -> None:
    kept.status, kept.at, kept.started = BreakerStatus.RAMPING, state.now_ms, 0
    kept.count_anew(state.now_ms)
    kept.counts[1] = 1
    kept.probe_at, kept.by, kept.reason = 0, "", ""


def _close(state: BrokerState, kept: KeptBreaker, gate: str) -> None:
    kept.status, kept.since, kept.error = BreakerStatus.CLOSED, 0, ""
    kept.count_anew(state.now_ms)
    state.on_the_way.pop(gate, None)
    _remember(kept, state.now_ms)


def _remember(kept: KeptBreaker, now: int) -> None:
    rest = min(kept.rule.rest * 2**kept.trips, kept.rule.longest_rest) if kept.trips else 0.0
    kept.forget = now + round(max(2 * kept.rule.within, rest) * 1000)
