"""The ``trim`` and ``shed`` steps: the stream gets shorter, and its events stay counted."""

from __future__ import annotations

from tests.integration.broker.bench import Bench, new_job
from tests.integration.broker.told import entries_of, events_of

HIGH_ID = "9999999999999-0"


def enqueue(bench: Bench, *sizes: int) -> list[bytes]:
    """Lines of so many accepted jobs; their ids."""
    for size in sizes:
        bench.enqueue(*(new_job() for _ in range(size)))
    bench.tampered = True
    return [entry[0] for entry in entries_of(bench.redis, bench.keys)]


def has_room_for(bench: Bench, most: int) -> bool:
    """Whether a job is taken while so many events may wait; the stream stays as it was."""
    before = entries_of(bench.redis, bench.keys)
    [reply] = bench.enqueue(new_job(), stream=most)
    for entry in entries_of(bench.redis, bench.keys)[len(before) :]:
        bench.redis.xdel(bench.keys.events, entry[0])
    return bool(reply == 1)


def holds(bench: Bench, events: int) -> bool:
    """Whether the stream counts exactly so many events."""
    # A limit of 0 is none.
    is_too_much = events > 0 and has_room_for(bench, events)
    return has_room_for(bench, events + 1) and not is_too_much


def test_what_is_trimmed_no_longer_counts(bench: Bench) -> None:
    ids = enqueue(bench, 5, 3, 2)
    assert holds(bench, 10)

    assert bench.functions.call("trim", ids[1]) == 1
    assert holds(bench, 5)
    assert bench.functions.call("trim", ids[2]) == 1
    assert holds(bench, 2)


def test_an_empty_stream_holds_no_event(bench: Bench) -> None:
    enqueue(bench, 5, 1)

    assert bench.functions.call("trim", HIGH_ID) == 2

    assert holds(bench, 0)


def test_the_account_is_right_again_after_others_took_lines_out(bench: Bench) -> None:
    ids = enqueue(bench, 5, 4, 3)
    bench.redis.xtrim(bench.keys.events, minid=ids[1], approximate=False)
    assert not holds(bench, 7)

    bench.functions.call("trim", ids[1])

    assert holds(bench, 7)


def test_the_account_is_right_again_after_it_was_lost(bench: Bench) -> None:
    """Until the lines of before are gone the stream counts too few events, never too many."""
    enqueue(bench, 5, 4)
    bench.redis.hdel(bench.keys.stream, "more", "gone")
    ids = enqueue(bench, 3)
    assert has_room_for(bench, 12)

    bench.functions.call("trim", ids[2])

    assert holds(bench, 3)


def test_entries_of_the_last_release_count_one_each(bench: Bench) -> None:
    enqueue(bench, 4)
    old = bench.redis.xadd(bench.keys.events, {"e": "k\x1fpromoted\x1fj\x1fa"})
    enqueue(bench, 3)

    assert holds(bench, 8)
    bench.functions.call("trim", old)
    bench.functions.call("trim", HIGH_ID)
    assert holds(bench, 0)


def test_the_oldest_lines_are_shed_until_there_is_room(bench: Bench) -> None:
    ids = enqueue(bench, 5, 3, 2, 2)

    assert bench.functions.call("shed", 12, 100) == 0
    assert bench.functions.call("shed", 7, 100) == 5
    assert holds(bench, 7)
    assert bench.functions.call("shed", 3, 100) == 5
    assert [entry[0] for entry in entries_of(bench.redis, bench.keys)] == ids[3:]
    assert holds(bench, 2)


def test_shedding_goes_on_call_by_call(bench: Bench) -> None:
    enqueue(bench, 1, 2, 3)
    bench.redis.xadd(bench.keys.events, {"e": "k\x1fpromoted\x1fj\x1fa"})

    assert [bench.functions.call("shed", 0, 2) for _ in range(3)] == [3, 4, 0]
    assert events_of(bench.redis, bench.keys) == []
