"""Freezes, in memory: the rules of `_freezes.lua`. Windows are held against the clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from backend.domain.jobs.options.job_labels import labels_of
from backend.domain.jobs.queue_name import Priority, QueueName, lane_of
from backend.memory.kept_job import KeptJob
from backend.memory.state import BrokerState

_NO_LIMIT = 10**9


class WindowKey(NamedTuple):
    """One window: what it holds, until when (Unix ms), its ramp (ms), and the freeze it is of."""

    what: str
    ends: int
    ramp: int
    name: str


def standing(state: BrokerState) -> dict[str, WindowKey]:
    """By what is frozen, or was: of the windows that have begun the one that counts."""
    now = state.now_ms
    begun = [key for key, begins in state.frozen.items() if begins <= now]
    return {key.what: key for key in sorted(begun, key=lambda key: _outlasting(key, now))}


def _outlasting(key: WindowKey, now: int) -> tuple[bool, int]:
    """One that holds goes before one that is over; of those that are over the longest ramp counts."""
    return key.ends > now, key.ends + (0 if key.ends > now else key.ramp)


def room_in_queue(state: BrokerState, queue: str) -> int:
    """How many of its jobs may start now."""
    found = _of_queue(state, queue)
    return min((_room(state, window) for window in found), default=_NO_LIMIT)


def is_thawed(state: BrokerState, queue: str) -> bool:
    """Whether all of a queue may be picked from."""
    return not _of_queue(state, queue)


def is_closed(state: BrokerState, queue: str) -> bool:
    """Whether nothing of it starts now: it is paused, or frozen."""
    is_paused = {f"queue:{queue}", f"lane:{lane_of(queue)}"} & state.paused.keys()
    return bool(is_paused) or any(w.ends > state.now_ms for w in _of_queue(state, queue))


def count_starts(state: BrokerState, queue: str, jobs: int) -> None:
    """So many of its jobs were taken."""
    for window in _of_queue(state, queue):
        _count(state, window, jobs)


def shut_gate(state: BrokerState, job: KeptJob) -> str:
    """The gate of its type or tenant; empty: none keeps it from starting.

    Who has not waited comes by the ramp too: during the freeze no worker looked at him, or he
    stood behind a pause.
    """
    if not state.frozen:
        return ""
    windows, ramps = standing(state), []
    gate, attempts = job.passed
    has_waited = bool(gate) and attempts == job.attempt
    for what in _of_job(job):
        window = windows.get(what)
        if window and (state.now_ms < window.ends or not (has_waited or _may_come(state, window))):
            return f"frozen:{what}"
        if window and not has_waited:
            ramps.append(window)
    for window in ramps:
        _count(state, window, 1)
    return ""


def _of_job(job: KeptJob) -> tuple[str, str]:
    tenant = labels_of(json.loads(job.options)).tenant
    return f"type:{job.asked.job_type}", f"tenant:{tenant}"


def _may_come(state: BrokerState, window: WindowKey) -> bool:
    return not state.parked[f"frozen:{window.what}"] and _room(state, window) > 0


def room_behind(state: BrokerState, gate: str) -> int:
    """How many may be let through now."""
    window = standing(state).get(gate.removeprefix("frozen:"))
    return _room(state, window) if window else _NO_LIMIT


def count_let_through(state: BrokerState, gate: str, jobs: int) -> None:
    """So many were."""
    window = standing(state).get(gate.removeprefix("frozen:"))
    if window:
        _count(state, window, jobs)


def forget_windows(state: BrokerState) -> None:
    """Those whose ramp is over, and behind which nobody waits."""
    for key in list(state.frozen):
        if key.ends + key.ramp <= state.now_ms and not state.parked[f"frozen:{key.what}"]:
            del state.frozen[key]


def next_look_ms(state: BrokerState) -> int | None:
    """When (Unix ms) the next window ends; at once while a ramp lets jobs out."""
    now = state.now_ms
    ends = [max(key.ends, now) for key in state.frozen if _waiting(state, key.what)]
    return min(ends, default=None)


def _of_queue(state: BrokerState, queue: str) -> list[WindowKey]:
    if not state.frozen:
        return []
    windows = standing(state)
    return [windows[w] for w in (f"queue:{queue}", f"lane:{lane_of(queue)}") if w in windows]


def _room(state: BrokerState, window: WindowKey) -> int:
    gone = state.now_ms - window.ends
    if gone < 0:
        return 0
    if gone >= window.ramp:
        return _NO_LIMIT
    started = state.ramp_starts[window]
    share = (_waiting(state, window.what) + started) * gone // window.ramp
    return max(0, max(share, 1 + gone // 1000) - started)


def _count(state: BrokerState, window: WindowKey, jobs: int) -> None:
    if window.ends <= state.now_ms < window.ends + window.ramp:
        state.ramp_starts[window] += jobs


def _waiting(state: BrokerState, what: str) -> int:
    kind, _, name = what.partition(":")
    if kind in {"type", "tenant"}:
        return len(state.parked[f"frozen:{what}"])
    queues = list(_queues(kind, name))
    lined = sum(len(state.lines.ids(queue)) for queue in queues)
    return lined + sum(len(state.queues.get(queue, [])) for queue in queues)


def _queues(kind: str, name: str) -> Iterator[str]:
    if kind == "queue":
        yield name
    else:
        yield from (str(QueueName(priority, name)) for priority in Priority)
