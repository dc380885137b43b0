"""Many large jobs: no step has more of them than a slow way takes within the time of a command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from redis.connection import AbstractConnection

from backend.broker.events.relay_target import RedisRelayTarget
from backend.broker.jobs.gates.twins import RedisTwins
from backend.broker.jobs.job_queue import RedisJobQueue
from backend.broker.ledger.ledger_repair import RedisLedgerRepair
from backend.broker.server.step_sizes import MOST_BYTES
from backend.domain.errors import QueueFull
from backend.domain.events.outbox import SendCode, SendReply
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.ledger.ledger_ports import RestorableJob
from tests.integration.broker.bench import Bench, new_job

_LARGE = '{"name":"' + "x" * 250_000 + '"}'


@pytest.fixture
def sent(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes of each command from now on."""
    sizes: list[int] = []
    send = AbstractConnection.send_packed_command

    def measured(connection: Any, command: Sequence[bytes], **options: Any) -> None:
        sizes.append(sum(map(len, command)))
        send(connection, command, **options)

    bench.functions.check()
    monkeypatch.setattr(AbstractConnection, "send_packed_command", measured)
    return sizes


def _enqueue(bench: Bench, jobs: Sequence[NewJob]) -> None:
    replies = RedisJobQueue(bench.redis, bench.redis, bench.keys).enqueue(jobs)
    assert [(reply.id, reply.created) for reply in replies] == [(job.id, True) for job in jobs]


def _relay(bench: Bench, jobs: Sequence[NewJob]) -> None:
    replies = RedisRelayTarget(bench.redis, bench.keys).send(jobs, 1)
    assert replies == [SendReply(SendCode.ACCEPTED, job.id) for job in jobs]


def _restore(bench: Bench, jobs: Sequence[NewJob]) -> None:
    lost = [RestorableJob(job, JobState.QUEUED, 1, 1, 0, 0) for job in jobs]
    made = RedisLedgerRepair(bench.redis, bench.keys).restore(lost, count=True)
    assert made == [True] * len(jobs)
    # That they were accepted is on record already.
    bench.tampered = True


@pytest.mark.parametrize("accept", [_enqueue, _relay, _restore])
def test_they_go_some_at_a_time_and_all_arrive_in_order(
    bench: Bench, sent: list[int], accept: Callable[[Bench, Sequence[NewJob]], None]
) -> None:
    jobs = [new_job(f"j{number}", payload=_LARGE) for number in range(10)]

    accept(bench, jobs)

    assert max(sent) < MOST_BYTES + 10_000
    assert bench.queue() == [job.id for job in jobs]


def test_to_ask_for_their_twins_goes_some_at_a_time(bench: Bench, sent: list[int]) -> None:
    jobs = [new_job(payload=_LARGE) for _ in range(10)]

    assert RedisTwins(bench.redis, bench.keys).of(jobs) == [None] * 10

    assert max(sent) < MOST_BYTES + 10_000


def test_a_refusal_among_them_says_how_many_were_accepted_before(bench: Bench) -> None:
    jobs = [new_job(f"j{number}", payload=_LARGE) for number in range(10)]
    queue = RedisJobQueue(bench.redis, bench.redis, bench.keys, backlog_limit=7)

    with pytest.raises(QueueFull) as refusal:
        queue.enqueue(jobs)

    assert refusal.value.details["accepted"] == 7
    assert refusal.value.details["accepted_ids"] == [job.id for job in jobs[:7]]
