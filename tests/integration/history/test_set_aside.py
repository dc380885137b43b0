"""What can never be recorded is set aside once, and holds nothing else up."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.integration.broker.bench import new_job
from tests.integration.history.chronicle import Chronicle

#: Longer than an index can hold, however it is compressed.
NOISE = random.Random(1).randbytes(5000).hex()  # noqa: S311 - not for secrets
GOOD = {"k": "dropped", "j": "j", "q": "normal"}
#: Nested further than Python reads.
DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"k": "enlightened", "j": "j"}, "KeyError"),
        ({**GOOD, "k": "finished", "a": "1", "f": "tomorrow"}, "ValueError|invalid literal"),
        (
            {**GOOD, "k": "enqueued", "s": "queued", "t": "t", "d": "[0,0,[0,{}],{}]", "o": "[]"},
            "object",
        ),
        ({**GOOD, "k": "enqueued", "s": "lost", "t": "t", "d": "[0,0,[0,{}],{}]"}, "23514"),
        ({**GOOD, "j": "j" * 65}, "23514"),
        ({**GOOD, "k": "finished", "a": "1", "f": "1-1", "b": "{"}, "22P02"),
        ({**GOOD, "k": "finished", "a": "1", "f": "8000000000000-1"}, "23514"),
        ({**GOOD, "k": "finished", "a": "1", "f": "99999999999999-1"}, "22003"),
        ({**GOOD, "k": "retried", "a": "1", "f": "1-1", "u": "9" * 30}, "calendars"),
        ({**GOOD, "k": "finished", "a": "1", "f": "1-1", "w": NOISE}, "54000"),
        ({**GOOD, "k": "retried", "a": "1", "f": "1-1", "b": DEEP}, "recursion"),
        (
            {**GOOD, "k": "enqueued", "s": "queued", "t": "t", "d": "[0,0,[0,{}],{}]", "o": DEEP},
            "recursion",
        ),
        ({**GOOD, "k": "enqueued", "s": "queued", "t": "t", "d": DEEP}, "RecursionError"),
    ],
)
def test_a_poisonous_entry_is_kept_apart_and_its_neighbours_are_recorded(
    chronicle: Chronicle, entry: dict[str, Any], reason: str
) -> None:
    before = chronicle.bench.finished()
    poison = chronicle.redis.xadd(chronicle.keys.events, entry).decode()
    after = chronicle.bench.finished()
    recorder = chronicle.recorder()

    assert recorder.record_batch() == 7

    [kept] = chronicle.rows("SELECT * FROM set_aside_events")
    assert kept["stream_id"] == poison
    assert any(word in kept["reason"] for word in reason.split("|"))
    assert (recorder.recorded, recorder.set_aside) == (6, 1)
    assert [chronicle.job(job_id)["status"] for job_id in (before, after)] == ["finished"] * 2
    assert chronicle.unacknowledged() == 0


def test_one_event_of_a_line_is_kept_apart_by_its_number(chronicle: Chronicle) -> None:
    """What cannot be read, and what Postgres refuses."""
    told = ["a|x", "b" * 65 + "|", "c|"]
    line = "\x1e".join(["0\x1ddropped|normal||", *told]).replace("|", "\x1f")
    entry = chronicle.redis.xadd(chronicle.keys.events, {"2": line}).decode()
    recorder = chronicle.recorder()

    assert recorder.record_batch() == 3

    kept = chronicle.rows("SELECT stream_id, number, entry FROM set_aside_events ORDER BY number")
    assert [(row["stream_id"], row["number"]) for row in kept] == [
        (f"{entry}/1", 1),
        (f"{entry}/2", 2),
    ]
    assert kept[0]["entry"] == '["dropped", "normal", "", "", "a", "x"]'
    assert chronicle.rows("SELECT job_id FROM job_events") == [{"job_id": "c"}]
    assert (recorder.recorded, recorder.set_aside) == (1, 2)
    assert chronicle.unacknowledged() == 0


def test_what_was_set_aside_can_be_read_by_a_person(chronicle: Chronicle) -> None:
    chronicle.redis.xadd(chronicle.keys.events, {"k": "x", "j": b"\xff\x00"})

    chronicle.record()

    [kept] = chronicle.rows("SELECT entry, reason FROM set_aside_events")
    assert kept == {"entry": '["k", "x", "j", "\\\\xff\\u0000"]', "reason": "KeyError: 'x'"}


def test_the_same_entry_twice_is_set_aside_once(chronicle: Chronicle) -> None:
    chronicle.redis.xadd(chronicle.keys.events, {"k": "x"})
    chronicle.stream("dead").read(10, 0.01)

    recorder = chronicle.recorder(idle=0.0)
    assert recorder.record_batch() == 1

    assert len(chronicle.rows("SELECT * FROM set_aside_events")) == 1


def test_many_poisonous_entries_are_all_found(chronicle: Chronicle) -> None:
    for number in range(20):
        chronicle.bench.seed(new_job(f"good-{number}"))
        chronicle.redis.xadd(chronicle.keys.events, {**GOOD, "j": "j" * 65})

    chronicle.record()

    assert chronicle.rows("SELECT count(*) FROM set_aside_events") == [{"count": 20}]
    assert chronicle.rows("SELECT count(*) FROM jobs") == [{"count": 20}]


def test_an_event_of_a_month_that_was_dropped_meanwhile_is_not_poison(
    chronicle: Chronicle,
) -> None:
    recorder = chronicle.recorder()
    chronicle.bench.canceled()
    recorder.record_batch()
    [month] = chronicle.rows(
        "SELECT tableoid::regclass::text AS name FROM job_events ORDER BY version DESC LIMIT 1"
    )
    chronicle.rows(f"DROP TABLE {month['name']}; COMMIT; SELECT 1 AS done")
    job_id = chronicle.bench.canceled()

    recorder.record_batch()

    assert chronicle.kinds(job_id) == ["enqueued", "canceled"]
    assert chronicle.rows("SELECT * FROM set_aside_events") == []
