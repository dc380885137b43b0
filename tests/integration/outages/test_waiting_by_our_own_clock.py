"""Whoever must be on time keeps the time itself: Redis looks at its clock ten times a second."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from backend.broker.keys import Keys
from backend.broker.schedules.leadership import RedisLeadership
from backend.broker.schedules.timetable import RedisTimetable
from backend.broker.server import library, standing_pop
from backend.broker.server.connection import connect, connect_blocking
from backend.domain.errors import QueueUnavailable
from backend.loops.leader import Leader
from backend.loops.promoter import Promoter
from backend.telemetry.clock import SystemClock
from tests.eventually import eventually
from tests.integration.outages.redis_process import RedisProcess

KEYS = Keys()
CHANGES = KEYS.wake("scheduler")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisProcess]:
    server = RedisProcess(tmp_path)
    library.load(server.admin)
    yield server
    server.end()


@pytest.fixture
def client(server: RedisProcess) -> Iterator[Redis]:
    client = connect(server.url)
    yield client
    client.close()


@pytest.fixture
def timetable(server: RedisProcess, client: Redis) -> Iterator[RedisTimetable]:
    blocking = connect_blocking(server.url)
    timetable = RedisTimetable(client, blocking, KEYS)
    yield timetable
    timetable.leave_changes()
    blocking.close()


def _listening(server: RedisProcess) -> int:
    return int(server.admin.info("clients")["blocked_clients"])


def test_a_wait_for_the_next_job_ends_though_redis_stands_still(
    server: RedisProcess, timetable: RedisTimetable
) -> None:
    timetable.wait_for_change(0.001)

    server.freeze()
    timetable.wait_for_change(0.01)

    server.thaw()
    server.admin.rpush(CHANGES, 1)
    timetable.wait_for_change(20)
    assert server.admin.llen(CHANGES) == 0


def test_one_call_outlasts_many_waits(
    server: RedisProcess, timetable: RedisTimetable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing_pop, "_ROUND", 600)
    for _ in range(5):
        timetable.wait_for_change(0.001)

    assert _listening(server) == 1
    server.admin.rpush(CHANGES, 1)
    assert _blpops(server) == 1


def test_a_call_whose_own_time_is_over_is_made_again(
    server: RedisProcess, timetable: RedisTimetable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing_pop, "_ROUND", 0.01)
    waiting = threading.Thread(target=timetable.wait_for_change, args=(600,), daemon=True)
    waiting.start()

    eventually(lambda: _blpops(server) >= 3, 20)
    server.admin.rpush(CHANGES, 1)

    waiting.join(120)
    assert not waiting.is_alive()


def _blpops(server: RedisProcess) -> int:
    counted = server.admin.info("commandstats").get("cmdstat_blpop", {})
    return int(counted.get("calls", 0))


def test_a_server_that_answers_nothing_is_given_up(
    server: RedisProcess, timetable: RedisTimetable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing_pop, "_ROUND", 0.01)
    monkeypatch.setattr(standing_pop, "BLOCKING_MARGIN", 0.01)
    server.freeze()

    with pytest.raises(QueueUnavailable):
        timetable.wait_for_change(20)

    monkeypatch.undo()
    server.thaw()
    server.admin.rpush(CHANGES, 1)
    timetable.wait_for_change(20)


def test_who_does_not_lead_takes_no_call_from_who_does(
    server: RedisProcess,
    client: Redis,
    timetable: RedisTimetable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each call is heard by one. Heard by the wrong one, an earlier job was up to five seconds late."""
    monkeypatch.setattr(standing_pop, "_ROUND", 600)
    leader, other = (_promoter(client, timetable, holder) for holder in ("a", "b"))
    over = threading.Event()
    leader.wait(min(leader.run_once(), 0.001), over)
    assert _listening(server) == 1
    server.admin.delete(KEYS.leader("scheduler"))
    other.run_once()

    leader._leader.step_down()
    leader.wait(min(leader.run_once(), 0.001), over)

    eventually(lambda: _listening(server) == 0, 20)


def _promoter(client: Redis, timetable: RedisTimetable, holder: str) -> Promoter:
    leader = Leader(
        RedisLeadership(client, KEYS), SystemClock(), duty="scheduler", holder=holder, lease=15
    )
    return Promoter(timetable, leader, batch=10)
