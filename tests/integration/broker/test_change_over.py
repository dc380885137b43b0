"""The ``change_over`` step: lines are written as soon as nobody is left who cannot read them."""

from __future__ import annotations

from redis import Redis

from backend.embedded.servers import Servers
from tests.integration.broker.bench import Bench, new_job
from tests.integration.broker.told import entries_of

OLD, NEW = "recorder", "recorder-2"


def read_as_last_release(redis: Redis, bench: Bench) -> None:
    """A recorder of the last release looks for entries, once."""
    if not any(group["name"] == OLD.encode() for group in groups(bench)):
        redis.xgroup_create(bench.keys.events, OLD, id="0", mkstream=True)
    redis.xreadgroup(OLD, "old", {bench.keys.events: ">"}, count=100)


def groups(bench: Bench) -> list[dict[str, object]]:
    """The groups of the stream, if there is one."""
    there = bench.redis.exists(bench.keys.events)
    return list(bench.redis.xinfo_groups(bench.keys.events)) if there else []


def names(bench: Bench) -> set[object]:
    """Their names."""
    return {group["name"] for group in groups(bench)}


def change_over(bench: Bench, silent_ms: int) -> int:
    """What the step answers."""
    code: int = bench.functions.call("change_over", NEW, OLD, silent_ms)
    return code


def schemas(bench: Bench) -> list[bytes]:
    """The schema of each entry."""
    return [entry[1][0] for entry in entries_of(bench.redis, bench.keys)]


def test_while_an_old_recorder_reads_nothing_changes(bench: Bench) -> None:
    read_as_last_release(bench.redis, bench)

    assert change_over(bench, 3_600_000) == 0

    bench.seed(new_job())
    assert schemas(bench) == [b"e"]
    assert names(bench) == {OLD.encode(), NEW.encode()}


def test_once_it_is_silent_lines_are_written_and_its_group_is_no_more(bench: Bench) -> None:
    read_as_last_release(bench.redis, bench)
    bench.seed(new_job())

    assert change_over(bench, 0) == 1

    bench.seed(new_job())
    assert schemas(bench) == [b"e", b"2"]
    assert names(bench) == {NEW.encode()}


def test_what_it_had_not_recorded_is_there_for_those_who_come(bench: Bench) -> None:
    """The new group begins with the stream, so that nothing falls between the two."""
    read_as_last_release(bench.redis, bench)
    job_ids = bench.seed(new_job("a"), new_job("b"))
    change_over(bench, 0)

    [[_, entries]] = bench.redis.xreadgroup(NEW, "new", {bench.keys.events: ">"}, count=100)

    assert len(entries) == len(job_ids)


def test_one_that_starts_again_takes_nothing_from_those_who_read_lines(bench: Bench) -> None:
    change_over(bench, 0)
    bench.seed(new_job("a"))
    read_as_last_release(bench.redis, bench)
    bench.redis.xack(
        bench.keys.events, OLD, *(entry[0] for entry in entries_of(bench.redis, bench.keys))
    )

    assert change_over(bench, 3_600_000) == 0

    [[_, entries]] = bench.redis.xreadgroup(NEW, "new", {bench.keys.events: ">"}, count=100)
    assert len(entries) == 1
    bench.seed(new_job("b"))
    assert schemas(bench) == [b"2", b"2"]


def test_a_group_of_somebody_else_is_left_alone(bench: Bench) -> None:
    bench.redis.xgroup_create(bench.keys.events, "exporter", id="0", mkstream=True)

    assert change_over(bench, 0) == 1

    assert names(bench) == {b"exporter", NEW.encode()}


def test_an_account_that_may_not_look_at_groups_changes_nothing(
    redis: Redis, bench: Bench, servers: Servers
) -> None:
    read_as_last_release(redis, bench)
    redis.acl_setuser(
        "narrow", enabled=True, nopass=True, keys="*", commands=["+@all", "-xinfo|consumers"]
    )
    narrow = Redis.from_url(servers.redis_url, username="narrow", password="any")
    before = bench.snapshot()
    command = bench.functions.command("change_over", [NEW, OLD, 0])

    try:
        assert narrow.execute_command(*command) == -1
    finally:
        redis.acl_deluser("narrow")
        narrow.close()
    assert bench.snapshot() == before
