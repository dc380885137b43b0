"""The event stream: read once, taken over from the dead, trimmed only below what everybody has."""

from __future__ import annotations

import json
import threading

import pytest
from redis import Redis

from backend.api.config.engine_settings import RedisSettings
from backend.broker.events import event_stream
from backend.broker.events.event_stream import GROUP, LAST_GROUP, RedisEventStream
from backend.broker.jobs.job_queue import RedisJobQueue
from backend.broker.keys import Keys
from backend.broker.server.connection import connect, connect_blocking
from backend.domain.errors import QueueUnavailable
from backend.loops.shedder import Shedder
from tests.integration.broker.bench import new_job
from tests.integration.history.chronicle import Chronicle


def ids(chronicle: Chronicle) -> list[str]:
    """The entries in the stream."""
    return [entry.decode() for entry, _ in chronicle.redis.xrange(chronicle.keys.events)]


def large_results(chronicle: Chronicle, jobs: int) -> None:
    """Jobs that ended one after another, each with a result of some size."""
    started = [chronicle.bench.started() for _ in range(jobs)]
    for job in started:
        chronicle.bench.settle(job, "finished", body='"' + "x" * 10_000 + '"')


def test_what_happened_before_the_first_recorder_came_is_read(chronicle: Chronicle) -> None:
    chronicle.bench.dead()

    batch = chronicle.stream().read(100, 0.01)

    assert [event.id for event in batch.events] == ids(chronicle)


def test_a_read_stops_when_it_has_enough_bytes_and_goes_on_where_it_was(
    chronicle: Chronicle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "BATCH_BYTES", 100_000)
    large_results(chronicle, 300)
    stream, sizes, seen = chronicle.stream(), [], []

    while (batch := stream.read(1000, 0.01)).size:
        sizes.append(sum(len(event.body) for event in batch.events))
        seen += [event.id for event in batch.events]

    assert seen == ids(chronicle)
    assert len(sizes) >= 7
    # No more than what fits, and one answer of Redis beyond it: of many while all before were small.
    assert max(sizes[:1]) <= 100_000 + 128 * 10_002
    assert max(sizes[1:]) <= 100_000 + 32 * 10_002


def test_what_is_left_over_is_taken_by_bytes_as_well(
    chronicle: Chronicle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "BATCH_BYTES", 100_000)
    large_results(chronicle, 300)
    dead, heir = chronicle.stream(), chronicle.stream(idle=0.0)
    while dead.read(1000, 0.01).size:
        pass

    first = heir.reclaim(1000)

    assert 0 < first.size < 900
    assert [event.id for event in first.events] == ids(chronicle)[: first.size]


def test_two_recorders_share_the_stream(chronicle: Chronicle) -> None:
    chronicle.bench.finished()
    one, other = chronicle.stream(), chronicle.stream()

    first, second = one.read(2, 0.01), other.read(2, 0.01)

    assert [event.id for event in (*first.events, *second.events)] == ids(chronicle)
    assert (first.size, second.size) == (2, 1)


def test_a_read_returns_as_soon_as_something_happens(chronicle: Chronicle) -> None:
    stream = chronicle.stream()
    stream.read(1, 0.01)
    timer = threading.Timer(0.1, chronicle.bench.canceled)
    timer.start()

    # Were it not woken, the test would be ended for hanging.
    batch = stream.read(1, 3600)

    assert batch.size == 1
    timer.join()


def test_a_read_of_nothing_ends_in_time(chronicle: Chronicle) -> None:
    assert chronicle.stream().read(1, 0.01).size == 0


def test_the_payload_arrives_letter_for_letter(chronicle: Chronicle) -> None:
    chronicle.bench.seed(new_job(payload='{"a":1.10,"b":"\\u00fc","c":[]}'))

    [event] = chronicle.stream().read(1, 0.01).events

    assert event.data == '{"a":1.10,"b":"\\u00fc","c":[]}'
    assert (event.job_type, event.max_attempts, event.state) == ("greet", 3, "queued")


def test_a_call_that_is_not_written_as_ours_gives_its_payload_too(chronicle: Chronicle) -> None:
    call = json.dumps(["workers.runtime.trampoline.run", None, ["greet", {"a": "ü"}], {}])
    event = {"k": "enqueued", "j": "j", "q": "normal", "s": "queued", "t": "greet", "m": 1}
    chronicle.redis.xadd(chronicle.keys.events, {**event, "d": call, "o": "{}"})

    assert chronicle.stream().read(1, 0.01).events[0].data == '{"a":"ü"}'


def test_what_a_dead_recorder_held_is_taken_over_once_it_was_idle(chronicle: Chronicle) -> None:
    chronicle.bench.finished()
    held = chronicle.stream("dead").read(2, 0.01)

    assert chronicle.stream("patient", idle=60).reclaim(10).size == 0
    taken = chronicle.stream("heir", idle=0).reclaim(10)

    assert taken.events == held.events


def test_taking_over_goes_through_all_that_is_held(chronicle: Chronicle) -> None:
    for _ in range(4):
        chronicle.bench.finished()
    chronicle.stream("dead").read(100, 0.01)
    heir = chronicle.stream("heir", idle=0)

    sizes = [heir.reclaim(5).size for _ in range(3)]

    assert sizes == [5, 5, 2]


def test_entries_that_were_trimmed_while_they_were_held_do_not_come_back(
    chronicle: Chronicle,
) -> None:
    chronicle.bench.finished()
    chronicle.stream("dead").read(100, 0.01)
    chronicle.redis.delete(chronicle.keys.events)
    chronicle.redis.xgroup_create(chronicle.keys.events, GROUP, id="0", mkstream=True)

    assert chronicle.stream("heir", idle=0).reclaim(10).size == 0


def test_only_what_is_acknowledged_is_trimmed(chronicle: Chronicle) -> None:
    chronicle.bench.finished()
    chronicle.bench.finished()
    stream = chronicle.stream()
    first, second = stream.read(2, 0.01), stream.read(2, 0.01)

    stream.acknowledge(second)
    assert stream.trim() == 0

    stream.acknowledge(first)
    assert stream.trim() == 4
    assert len(ids(chronicle)) == 2


def test_what_another_group_has_not_read_is_not_trimmed(chronicle: Chronicle) -> None:
    chronicle.bench.finished()
    chronicle.redis.xgroup_create(chronicle.keys.events, "exporter", id="0")
    stream = chronicle.stream()
    stream.acknowledge(stream.read(100, 0.01))

    assert stream.trim() == 0

    chronicle.redis.xreadgroup("exporter", "e", {chronicle.keys.events: ">"}, count=2)
    chronicle.redis.xack(chronicle.keys.events, "exporter", *ids(chronicle)[:2])
    assert stream.trim() == 2


def test_what_only_recorders_of_the_last_release_have_not_read_is_trimmed(
    chronicle: Chronicle,
) -> None:
    """They may be gone for good, and the account may lack the right to take their group away."""
    chronicle.redis.xgroup_create(chronicle.keys.events, LAST_GROUP, id="0", mkstream=True)
    chronicle.redis.xreadgroup(LAST_GROUP, "old", {chronicle.keys.events: ">"}, count=1)
    chronicle.bench.finished()
    stream = chronicle.stream()
    stream.acknowledge(stream.read(100, 0.01))

    assert stream.trim() == 3

    assert ids(chronicle) == []


def test_without_a_reader_nothing_is_trimmed(chronicle: Chronicle) -> None:
    assert chronicle.stream().trim() == 0
    chronicle.bench.finished()

    assert chronicle.stream().trim() == 0
    assert len(ids(chronicle)) == 3


def test_an_emptied_redis_is_read_from_its_new_beginning(chronicle: Chronicle) -> None:
    stream = chronicle.stream()
    stream.read(1, 0.01)
    chronicle.redis.delete(chronicle.keys.events)
    chronicle.bench.canceled()

    assert stream.read(100, 0.01).size == 2


def test_lag_counts_what_is_not_acknowledged_and_tells_the_age_of_the_oldest(
    chronicle: Chronicle,
) -> None:
    stream = chronicle.stream()
    assert stream.lag() == (0, 0.0)
    chronicle.redis.xadd(chronicle.keys.events, {"k": "x"}, id="1-0")
    chronicle.bench.finished()
    assert stream.lag().events == 4

    batch = stream.read(2, 0.01)

    assert stream.lag().events == 4
    assert stream.lag().seconds > 1_000_000_000
    stream.acknowledge(batch)
    assert stream.lag().events == 2
    assert stream.lag().seconds < 60
    stream.acknowledge(stream.read(100, 0.01))
    assert stream.lag() == (0, 0.0)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"k": "enlightened", "j": "j"}, "enlightened"),
        ({"k": "finished"}, "b'j'"),
        ({"k": "finished", "j": b"\xff"}, "utf-8"),
        ({"k": "started", "j": "j", "a": "one"}, "invalid literal"),
        ({"k": "redriven", "j": "j", "d": "[1]"}, "IndexError"),
    ],
)
def test_what_is_no_event_of_ours_is_set_apart_with_the_reason(
    chronicle: Chronicle, entry: dict[str, str], reason: str
) -> None:
    stream_id = chronicle.redis.xadd(chronicle.keys.events, entry)  # type: ignore[arg-type]
    chronicle.bench.canceled()

    batch = chronicle.stream().read(100, 0.01)

    [unreadable] = batch.unreadable
    assert unreadable.id == stream_id.decode()
    assert reason in unreadable.reason
    assert '["k", ' in unreadable.entry
    assert len(batch.events) == 2


def test_a_recorder_that_leaves_takes_its_name_off_the_group(chronicle: Chronicle) -> None:
    chronicle.bench.canceled()
    stream = chronicle.stream("leaving")
    batch = stream.read(1, 0.01)

    stream.leave()
    assert len(consumers(chronicle.redis, chronicle.keys)) == 1

    stream.acknowledge(batch)
    stream.leave()
    assert consumers(chronicle.redis, chronicle.keys) == []


def consumers(redis: Redis, keys: Keys) -> list[object]:
    """The consumers of the recorders' group."""
    return list(redis.xinfo_consumers(keys.events, GROUP))


def test_without_redis_there_is_one_clear_error() -> None:
    url = "unix:///nowhere/redis.sock"
    stream = RedisEventStream(connect(url), connect_blocking(url), Keys("rq"), consumer="c")

    for call in (lambda: stream.read(1, 0.01), lambda: stream.reclaim(1), stream.trim, stream.lag):
        with pytest.raises(QueueUnavailable):
            call()


def test_where_history_may_be_lost_the_oldest_events_go_and_jobs_are_taken(
    chronicle: Chronicle,
) -> None:
    settings = RedisSettings(stream_limit=20, stream_full="shed")
    queue = RedisJobQueue(
        chronicle.redis, chronicle.redis, chronicle.keys, stream_limit=settings.refused_at
    )
    for number in range(6):
        queue.enqueue([new_job(f"job-{number}-{n}") for n in range(5)])
    before = ids(chronicle)

    assert Shedder(chronicle.stream(), most=settings.stream_limit).run_once() > 0

    assert ids(chronicle) == before[-4:]
    assert Shedder(chronicle.stream(), most=settings.stream_limit).run_once() > 0
    assert ids(chronicle) == before[-4:]
    assert RedisSettings(stream_limit=20).refused_at == 20
