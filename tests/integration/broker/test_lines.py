"""What steps tell the record: one line a step, its id the fence of all that it starts."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis

from tests.integration.broker.bench import ERROR, Bench, new_job
from tests.integration.broker.told import entries_of

MANY = 40


def lines_after(bench: Bench, act: Any) -> list[Any]:
    """The entries that something adds to the stream."""
    before = len(entries_of(bench.redis, bench.keys))
    act()
    return entries_of(bench.redis, bench.keys)[before:]


def test_many_jobs_of_a_step_are_told_in_one_line(bench: Bench) -> None:
    jobs = [new_job(f"j{number}", ("high", "low")[number % 2]) for number in range(MANY)]
    held: list[Any] = []

    def settle() -> None:
        words = [
            text for job in held for text in (job.id, job.fence, "finished", 0, "1", "", "1", "")
        ]
        assert bench.functions.codes("settle", *words) == [1] * MANY

    assert len(lines_after(bench, lambda: bench.enqueue(*jobs))) == 1
    assert len(lines_after(bench, lambda: held.extend(bench.claim(MANY)))) == 1
    assert len(lines_after(bench, settle)) == 1
    assert len(bench.events()) == 3 * MANY
    assert bench.kinds("j0") == ["enqueued", "started", "finished"]


def test_the_line_of_a_claim_is_the_fence_of_all_its_jobs(bench: Bench) -> None:
    bench.seed(*(new_job(f"j{number}") for number in range(5)))

    claimed = bench.claim(5)

    started = [event for event in bench.events() if event.kind == "started"]
    assert {job.fence for job in claimed} == {event.id for event in started}
    assert {bench.field(job.id, "fence") for job in claimed} == {claimed[0].fence}
    assert [bench.settle(job, "finished") for job in claimed] == [1] * 5


def test_no_line_tells_twice_of_one_job(bench: Bench) -> None:
    """Its events are told apart by the line's id alone."""
    bench.seed(new_job("a"), new_job("b"))
    bench.redis.rpush(bench.keys.queue("normal"), "a", "a")

    entries = lines_after(bench, lambda: bench.claim(9))

    events = [event for event in bench.events() if event.id == entries[0][0].decode()]
    assert [event.job_id for event in events] == ["a", "b"]
    assert bench.kinds("a") == ["enqueued", "started", "dropped", "dropped"]
    assert len({event.id for event in bench.events("a")}) == 4


def test_what_a_claim_tells_of_others_is_not_in_the_line_of_its_starts(bench: Bench) -> None:
    bench.put_in_queue("ghost")
    bench.seed(new_job("a"))

    [dropped, started] = lines_after(bench, lambda: bench.claim(9))

    assert [event.id.encode() for event in bench.events("ghost")] == [dropped[0]]
    assert bench.events("a")[-1].id.encode() == started[0]


def test_a_job_that_was_listed_twice_starts_once_and_takes_one_slot(bench: Bench) -> None:
    bench.functions.call("limit", "", "", "greet", 1)
    bench.seed(new_job("a"), new_job("b"))
    bench.redis.linsert(bench.keys.queue("normal"), "AFTER", "a", "a")

    claimed = bench.claim(9)

    assert [job.id for job in claimed] == ["a"]
    assert bench.parked("type:greet") == ["b"]
    assert bench.kinds("a") == ["enqueued", "started", "dropped"]


def test_a_line_ends_where_a_reader_would_have_to_hold_too_much(bench: Bench) -> None:
    large = '{"x":"' + "y" * 30_000 + '"}'

    entries = lines_after(
        bench, lambda: bench.enqueue(*(new_job(f"j{n}", payload=large) for n in range(9)))
    )

    assert len(entries) == 3
    assert [event.job_id for event in bench.events()] == [f"j{n}" for n in range(9)]
    assert max(len(entry[1][1]) for entry in entries) < 65_536 + 30_100


def test_what_people_write_never_reads_like_a_further_part(bench: Bench) -> None:
    bench.seed(new_job("a"))
    bench.functions.call("cancel", "ada\x1eeve", "no\x1d\x1e\x1fmore", "", "a")
    bench.redis.rpush(bench.keys.queue("normal"), "gh\x1dost\xff")
    bench.tampered = True
    bench.claim()

    canceled = bench.events("a")[-1]
    assert (canceled.worker, canceled.body) == ("ada eve", "no   more")
    assert [event.job_id for event in bench.events() if event.kind == "dropped"] == ["gh ostÿ"]


def test_what_is_told_before_a_step_breaks_is_written(bench: Bench) -> None:
    held = [bench.started(), bench.started()]
    bench.tampered = True
    bench.redis.set(bench.keys.results(held[1].id), "foreign")
    words = [
        text for job in held for text in (job.id, job.fence, "finished", 0, "1", "MQ==", "1", "")
    ]

    with pytest.raises(Exception, match="WRONGTYPE"):
        bench.functions.codes("settle", *words)

    assert bench.kinds(held[0].id)[-1] == "finished"


def test_jobs_that_a_broken_claim_took_are_started(bench: Bench) -> None:
    """Else they would be in no queue and in no worker's hands."""
    bench.functions.call("limit", "", "", "other", 1)
    bench.seed(new_job("a"), new_job("b", job_type="other"), new_job("c", job_type="other"))
    bench.tampered = True
    bench.redis.set(bench.keys.parked("type:other"), "foreign")

    with pytest.raises(Exception, match="WRONGTYPE"):
        bench.claim(9)

    assert [bench.field(job_id, "status") for job_id in "abc"] == ["started", "started", "queued"]
    assert set(bench.members(bench.keys.leases)) == {"a", "b"}
    assert bench.kinds("a") == ["enqueued", "started"]


# -- whom the last release's recorders read


@pytest.fixture
def with_old_recorder(redis: Redis, bench: Bench) -> Bench:
    """A deployment in which a recorder of the last release has read until now."""
    redis.xgroup_create(bench.keys.events, "recorder", id="0", mkstream=True)
    redis.xreadgroup("recorder", "old", {bench.keys.events: ">"}, count=1)
    return bench


def test_where_only_they_have_been_each_event_is_an_entry_by_names(
    with_old_recorder: Bench,
) -> None:
    bench = with_old_recorder
    bench.seed(new_job("a"), new_job("b"))
    first, second = bench.claim(2)
    bench.settle(first, "retried", delay=9, body=ERROR, log="[]")
    bench.settle(second, "returned")

    entries = entries_of(bench.redis, bench.keys)

    assert [entry[1][0] for entry in entries] == [b"e"] * 6
    assert first.fence != second.fence
    ended, returned = bench.events()[-2:]
    assert (ended.fence, ended.body, ended.log, ended.attempt) == (first.fence, ERROR, "[]", 1)
    assert (returned.kind, returned.taken_back) == ("released", second.fence)
    assert bench.events("a")[0].data == '{"name":"Ada"}'


def test_an_empty_redis_begins_with_lines_and_the_group_that_reads_them(bench: Bench) -> None:
    bench.seed(new_job())

    assert [entry[1][0] for entry in entries_of(bench.redis, bench.keys)] == [b"2"]
    assert [group["name"] for group in bench.redis.xinfo_groups(bench.keys.events)] == [
        b"recorder-2"
    ]


# -- how many events there are


def test_a_stream_is_full_by_its_events_not_by_its_lines(bench: Bench) -> None:
    bench.enqueue(*(new_job(f"j{number}") for number in range(5)))

    assert bench.enqueue(new_job("k"), stream=6) == [1]
    assert bench.enqueue(new_job("l"), stream=6) == [-2]
    assert bench.enqueue(new_job("l"), stream=7) == [1]
