"""What services and loops ask of the outside, and what stands behind it, have the same shape.

A port is a promise of method names, parameters and whether they are passed by name; an adapter that
drifts from it would only be noticed in the process that wires the two together.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, get_type_hints

import pytest

from backend.broker.events.event_progress import RedisEventProgress
from backend.broker.events.event_stream import RedisEventStream
from backend.broker.events.relay_target import RedisRelayTarget
from backend.broker.jobs.checkpoints import RedisCheckpoints
from backend.broker.jobs.dispatch import RedisDispatch
from backend.broker.jobs.inspection import RedisInspection
from backend.broker.jobs.job_queue import RedisJobQueue
from backend.broker.jobs.lease_book import RedisLeaseBook
from backend.broker.jobs.operations import RedisOperations
from backend.broker.jobs.progress_notes import RedisProgressNotes
from backend.broker.schedules.job_promoter import JobPromoter
from backend.broker.schedules.leadership import RedisLeadership
from backend.broker.schedules.timetable import RedisTimetable
from backend.broker.workers.worker_presence import RedisWorkerPresence
from backend.domain import ports
from backend.domain.events import outbox_ports
from backend.domain.history import history_ports
from backend.telemetry.clock import SystemClock
from workers.runtime.attempts.job_contexts import CheckpointStore, ProgressNotes
from workers.runtime.presence.heartbeat import Presence, Renewal

PAIRS: list[tuple[type[Any], type[Any]]] = [
    (ports.Clock, SystemClock),
    (ports.JobQueue, RedisJobQueue),
    (ports.Dispatch, RedisDispatch),
    (ports.LeaseBook, RedisLeaseBook),
    (ports.Timetable, RedisTimetable),
    (ports.Timetable, JobPromoter),
    (ports.Leadership, RedisLeadership),
    (ports.Operations, RedisOperations),
    (ports.Inspection, RedisInspection),
    (history_ports.EventSource, RedisEventStream),
    (outbox_ports.EventProgress, RedisEventProgress),
    (outbox_ports.RelayTarget, RedisRelayTarget),
    (Renewal, RedisLeaseBook),
    (Presence, RedisWorkerPresence),
    (ProgressNotes, RedisProgressNotes),
    (CheckpointStore, RedisCheckpoints),
]
_IDS = [f"{port.__name__} by {adapter.__name__}" for port, adapter in PAIRS]


def _promises(port: type[Any]) -> Iterator[tuple[str, Any]]:
    for name, member in vars(port).items():
        if inspect.isfunction(member) and not name.startswith("_"):
            yield name, member


def _shape(method: Any) -> list[tuple[str, Any, bool]]:
    """Name, kind, and whether it may be left out, of each parameter."""
    return [
        (found.name, found.kind, found.default is not inspect.Parameter.empty)
        for found in inspect.signature(method).parameters.values()
    ]


@pytest.mark.parametrize(("port", "adapter"), PAIRS, ids=_IDS)
def test_an_adapter_keeps_every_promise_of_its_port(port: type[Any], adapter: type[Any]) -> None:
    promises = dict(_promises(port))

    assert promises
    for name, promise in promises.items():
        kept = _shape(getattr(adapter, name, None))
        promised = [part[:2] for part in _shape(promise)]
        assert [part[:2] for part in kept if part[:2] in promised] == promised, name
        assert [part for part in kept if part[:2] not in promised and not part[2]] == [], name


@pytest.mark.parametrize(("port", "adapter"), PAIRS, ids=_IDS)
def test_an_adapter_answers_with_what_its_port_says(port: type[Any], adapter: type[Any]) -> None:
    for name, promise in _promises(port):
        said = get_type_hints(promise).get("return")
        assert get_type_hints(getattr(adapter, name)).get("return") == said, name


@pytest.mark.parametrize("module", [ports, history_ports, outbox_ports], ids=lambda m: m.__name__)
def test_every_promise_says_what_it_means(module: Any) -> None:
    silent = [
        f"{port.__name__}.{name}"
        for port in vars(module).values()
        if inspect.isclass(port) and getattr(port, "_is_protocol", False)
        for name, method in _promises(port)
        if not method.__doc__
    ]

    assert silent == []


def test_every_port_of_the_live_truth_has_an_adapter_here() -> None:
    named = {
        name
        for name, port in vars(ports).items()
        if inspect.isclass(port)
        and getattr(port, "_is_protocol", False)
        and port.__module__ == ports.__name__
    }

    assert named - {port.__name__ for port, _ in PAIRS} == set()
