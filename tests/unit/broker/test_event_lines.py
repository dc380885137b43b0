"""Lines of the event stream: read as a step wrote them; what is broken in one spoils nothing beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.broker.events.event_lines import batch_of, more_before
from backend.broker.jobs import codec
from backend.domain.history.history_ports import EventBatch
from backend.domain.jobs.job_event import EventKind, JobEvent

BLOCK, EVENT, FIELD = "\x1d", "\x1e", "\x1f"
CALL = codec.data_of("greet", '{"a":1.10}')


def line(*blocks: str, before: int = 0) -> list[bytes]:
    """The fields of an entry with these blocks, a head and events in each."""
    return [b"2", "".join([str(before), *(BLOCK + block for block in blocks)]).encode()]


def block(head: str, *events: str) -> str:
    """A head and events, with the separators as people would rather see them."""
    return EVENT.join([head, *events]).replace("|", FIELD)


def read(*entries: list[bytes] | None) -> EventBatch:
    """What a recorder makes of entries 1-1, 2-1 …"""
    return batch_of([[f"{at}-1".encode(), pairs] for at, pairs in enumerate(entries, 1)])


def test_a_line_tells_of_many_jobs_in_the_order_in_which_they_were_written() -> None:
    batch = read(line(block("started|high|w1|", "a|1", "b|2"), block("started|low|w1", "c|1")))

    assert batch.events == [
        JobEvent("1-1", "started", "a", "high", 1, "w1", number=1),
        JobEvent("1-1", "started", "b", "high", 2, "w1", number=2),
        JobEvent("1-1", "started", "c", "low", 1, "w1", number=3),
    ]
    assert batch.entries == ["1-1"]


def test_an_end_tells_its_attempt_and_what_came_of_it() -> None:
    call = codec.data_of("greet", '{"b":2}')
    ended = f'a|3|1.500|1769502600000|{{"x":1}}|["log"]|{call}|4-4'

    [event] = read(line(block("retried|low|w1|5-5", ended))).events

    assert event == JobEvent(
        *("1-1", "retried", "a", "low", 3, "w1", "5-5", '{"x":1}', 1.5, 1_769_502_600_000),
        *("", "", 0, '{"b":2}', "", '["log"]', "4-4", 1),
    )


@pytest.mark.parametrize(
    ("written", "data", "options"),
    [
        ('a||{"a":1.10}', '{"a":1.10}', "{}"),
        ('a|5|{"a":1.10}|{"tags":["x"]}', '{"a":1.10}', '{"tags":["x"]}'),
    ],
)
def test_an_acceptance_tells_the_payload_letter_for_letter(
    written: str, data: str, options: str
) -> None:
    [event] = read(line(block("enqueued|high|queued|greet|3", written))).events

    assert (event.data, event.options, event.state) == (data, options, "queued")
    assert (event.job_type, event.max_attempts, event.due_ms) == (
        "greet",
        3,
        int("|5|" in written) * 5,
    )


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("b|one", "ValueError"),
        ("b|1|soon", "ValueError"),
        ("b|1|0|tomorrow", "ValueError"),
        ("b||||||[1]", "IndexError"),
        ("b" + "|x" * 8, "ValueError"),
    ],
)
def test_an_event_that_is_none_is_set_apart_and_its_neighbours_are_read(
    broken: str, reason: str
) -> None:
    batch = read(line(block("failed|low|w1|5-5", "a|1", broken, "c|1")))

    assert [(event.job_id, event.number) for event in batch.events] == [("a", 1), ("c", 3)]
    [apart] = batch.unreadable
    assert (apart.id, apart.number) == ("1-1", 2)
    assert apart.reason.startswith(reason)
    assert json.loads(apart.entry)[:5] == ["failed", "low", "w1", "5-5", "b"]
    assert batch.size == 3


@pytest.mark.parametrize("kind", ["redriven", "replaced"])
def test_where_a_payload_was_changed_the_options_stand_in_the_place_of_the_log(kind: str) -> None:
    call = codec.data_of("greet", '{"b":2}')

    [event] = read(line(block(f"{kind}|low|ada", f'a||||why|{{"limit":1}}|{call}'))).events

    assert (event.data, event.options, event.log) == ('{"b":2}', '{"limit":1}', "")
    old = [b"e", b"\x1f".join([b"k", kind.encode(), b"j", b"a", b"l", b"{}", b"d", call.encode()])]
    [before] = read(old).events
    assert (before.data, before.options, before.log) == ('{"b":2}', "{}", "")


def test_a_kind_that_nobody_knows_costs_its_own_block() -> None:
    batch = read(line(block("enlightened|low", "a", "b"), block("promoted|low", "c")))

    assert [event.job_id for event in batch.events] == ["c"]
    assert [(entry.number, entry.reason) for entry in batch.unreadable] == [
        (1, "KeyError: 'enlightened'"),
        (2, "KeyError: 'enlightened'"),
    ]


def test_bytes_that_are_no_text_cost_their_own_event() -> None:
    pairs = [b"2", b"0\x1ddropped\x1flow\x1ea\x1eb\xff\x1e\xc3\xbc"]

    batch = read(pairs)

    assert [event.job_id for event in batch.events] == ["a", "ü"]
    [apart] = batch.unreadable
    assert (apart.number, json.loads(apart.entry)[-1]) == (2, "b\\xff")


def test_a_line_of_a_later_schema_is_set_apart_as_a_whole() -> None:
    batch = read([b"3", b"0\x1dpromoted\x1flow\x1ea"], line(block("promoted|low", "a")))

    assert [(entry.id, entry.number) for entry in batch.unreadable] == [("1-1", 0)]
    assert (len(batch.events), batch.entries) == (1, ["1-1", "2-1"])


def test_entries_of_the_last_release_are_read_between_lines() -> None:
    old = [b"e", b"\x1f".join([b"k", b"promoted", b"j", b"a", b"q", b"low"])]

    events = read(old, line(block("promoted|low", "b"))).events

    assert [(event.job_id, event.number) for event in events] == [("a", 0), ("b", 1)]


@pytest.mark.parametrize(
    ("pairs", "more"),
    [
        (line(block("promoted|low", "a"), before=41), 41),
        ([b"2", b"41"], 41),
        ([b"2", b"x"], None),
        ([b"e", b"41"], None),
        ([], None),
    ],
)
def test_a_line_says_how_many_events_more_than_entries_came_before_it(
    pairs: list[bytes], more: int | None
) -> None:
    assert more_before(pairs) == more


words = st.text(st.characters(codec="utf-8", exclude_characters=BLOCK + EVENT + FIELD), max_size=20)
ids = st.text("abcdef-_0123456789", min_size=1, max_size=64)
kinds = st.sampled_from([kind.value for kind in EventKind if kind is not EventKind.ENQUEUED])


@st.composite
def told(draw: st.DrawFn) -> tuple[list[bytes], list[JobEvent]]:
    """A line as a step writes it, and what it tells."""
    text, events, number = str(draw(st.integers(0, 10**12))), [], 0
    for _ in range(draw(st.integers(0, 4))):
        head = (draw(kinds), draw(words), draw(words), draw(words))
        text += BLOCK + FIELD.join(head)
        for _ in range(draw(st.integers(1, 5))):
            number += 1
            job_id, attempt, due = draw(ids), draw(st.integers(0, 99)), draw(st.integers(0, 10**13))
            body, log = draw(words), draw(words)
            text += EVENT + FIELD.join([job_id, str(attempt), "", str(due), body, log])
            event = JobEvent("1-1", head[0], job_id, head[1], attempt, head[2], head[3], body)
            # What is no log of an attempt is what a changed payload changed of the options.
            place = "options" if head[0] in {"redriven", "replaced"} else "log"
            events.append(event._replace(due_ms=due, number=number, **{place: log}))
    return [b"2", text.encode()], events


@given(told())
def test_whatever_a_step_writes_is_read_as_it_was(
    entry: tuple[list[bytes], list[JobEvent]],
) -> None:
    batch = read(entry[0])

    assert (batch.events, batch.unreadable) == (entry[1], [])


@given(told(), st.data())
def test_whatever_happens_to_one_event_the_others_stay(
    entry: tuple[list[bytes], list[JobEvent]], data: st.DataObject
) -> None:
    """One event is written over with anything that ends neither it nor its block."""
    parts = entry[0][1].split(b"\x1e")
    if len(parts) == 1:
        return
    at = data.draw(st.integers(1, len(parts) - 1))
    _, end, rest = parts[at].partition(b"\x1d")
    noise = data.draw(st.binary(max_size=40)).replace(b"\x1d", b"").replace(b"\x1e", b"")
    parts[at] = noise + end + rest

    batch = read([b"2", b"\x1e".join(parts)])

    others = [event for event in entry[1] if event.number != at]
    assert [event for event in batch.events if event.number != at] == others
    assert batch.size == len(entry[1])


@given(st.lists(st.one_of(st.none(), st.lists(st.binary(max_size=60), max_size=4)), max_size=5))
def test_whatever_is_in_the_stream_is_read_or_set_apart(entries: list[Any]) -> None:
    batch = read(*entries)

    assert batch.entries == [f"{at}-1" for at in range(1, len(entries) + 1)]
    for apart in batch.unreadable:
        assert apart.reason
        json.loads(apart.entry)


@given(st.binary(max_size=300))
def test_whatever_a_line_holds_costs_no_other(noise: bytes) -> None:
    sound = line(block("promoted|low", "a"))

    batch = read(sound, [b"2", noise], sound)

    assert [event.id for event in batch.events if event.id != "2-1"] == ["1-1", "3-1"]
