"""Entries of the event stream, read: lines of this release, and what the last one wrote.

A line tells all that one step did, in a field that is named by its schema; `_history.lua` writes it and
shows its form. An entry of the last release tells one event, by names and values. What is no event of
ours is set apart, event by event, and costs its neighbours nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from backend.broker.jobs import codec
from backend.broker.jobs.moments import due_ms_of
from backend.domain.history.history_ports import EventBatch, UnreadableEntry
from backend.domain.jobs.job_event import EventKind, JobEvent

SCHEMA = b"2"
_BLOCK, _EVENT, _FIELD = "\x1d", "\x1e", "\x1f"
_KINDS = {kind.value: kind.value for kind in EventKind}
_ENQUEUED = EventKind.ENQUEUED.value
_CHANGES = frozenset({EventKind.REDRIVEN.value, EventKind.REPLACED.value})
#: Later than this does not fit into a version of 63 bits.
_LATEST_MS = 1 << 43
#: Heads and events as long as they may be: what is empty at the end is left out of a line.
_HEAD, _ACCEPTED_HEAD = [""] * 4, [""] * 5
_EVENT_FIELDS, _ACCEPTED_FIELDS = [""] * 8, [""] * 4
_FAULTS = (KeyError, ValueError, TypeError, IndexError, RecursionError)


def batch_of(entries: list[Any]) -> EventBatch:
    """Parses entries as Redis sends them; what is no event of ours is set apart.

    Empties the list on the way, so that large ones are not held twice.
    """
    events: list[JobEvent] = []
    unreadable: list[UnreadableEntry] = []
    ids: list[str] = []
    entries.reverse()
    while entries:
        stream_id, pairs = entries.pop()
        identity = stream_id.decode()
        ids.append(identity)
        try:
            for found in _events_in(identity, pairs):
                if isinstance(found, JobEvent):
                    events.append(found)
                else:
                    unreadable.append(found)
        except _FAULTS as error:
            unreadable.append(UnreadableEntry(identity, _readable(pairs), _reason(error)))
    return EventBatch(events, unreadable, ids)


def more_before(pairs: list[bytes]) -> int | None:
    """How many events more than entries came before a line; None where the entry does not tell."""
    if pairs[:1] != [SCHEMA]:
        return None
    try:
        return int(pairs[1].partition(b"\x1d")[0])
    except ValueError:
        return None


def _events_in(identity: str, pairs: list[bytes]) -> Iterator[JobEvent | UnreadableEntry]:
    if int(identity.partition("-")[0]) >= _LATEST_MS:
        raise ValueError("its time is beyond all calendars")
    if pairs[:1] == [SCHEMA]:
        return _events_of_line(identity, pairs[1])
    return iter((named_event(identity, pairs),))


def _events_of_line(identity: str, line: bytes) -> Iterator[JobEvent | UnreadableEntry]:
    text, is_sound = _decoded(line)
    number = 0
    for block in text.split(_BLOCK)[1:]:
        head, *events = block.split(_EVENT)
        about = head.split(_FIELD)
        read = _accepted if about[0] == _ENQUEUED else _event
        for event in events:
            number += 1
            try:
                if not is_sound:
                    event.encode()
                yield read(identity, about, event.split(_FIELD), number)
            except _FAULTS as error:
                yield UnreadableEntry(
                    identity, _shown(about, event.split(_FIELD)), _reason(error), number
                )


def _decoded(line: bytes) -> tuple[str, bool]:
    """A line's text, and whether all of it is UTF-8; what is not is found event by event."""
    try:
        return line.decode(), True
    except UnicodeDecodeError:
        return line.decode(errors="surrogateescape"), False


def _event(identity: str, head: list[str], fields: list[str], number: int) -> JobEvent:
    kind, queue, worker, fence = head + _HEAD[len(head) :]
    job_id, attempt, run_ms, due_ms, body, log, call, taken_back = (
        fields + _EVENT_FIELDS[len(fields) :]
    )
    # The job's options stand in the place of the log, where somebody gave it another payload.
    options, log = (log, "") if kind in _CHANGES else ("", log)
    return JobEvent(
        identity,
        _KINDS[kind],
        job_id,
        queue,
        int(attempt or 0),
        worker,
        fence,
        body,
        float(run_ms or 0),
        due_ms_of(due_ms),
        "",
        "",
        0,
        payload_text("", call.encode()) if call else "",
        options,
        log,
        taken_back,
        number,
    )


def _accepted(identity: str, head: list[str], fields: list[str], number: int) -> JobEvent:
    kind, queue, state, job_type, max_attempts = head + _ACCEPTED_HEAD[len(head) :]
    job_id, due_ms, payload, options = fields + _ACCEPTED_FIELDS[len(fields) :]
    return JobEvent(
        identity,
        kind,
        job_id,
        queue,
        due_ms=due_ms_of(due_ms),
        state=state,
        job_type=job_type,
        max_attempts=int(max_attempts or 0),
        data=payload,
        options=options or "{}",
        number=number,
    )


def named_event(identity: str, pairs: list[bytes]) -> JobEvent:
    """What the last release wrote: one event by names and values, the payload inside RQ's call.

    Raises a KeyError, ValueError, TypeError or IndexError for what is not one.
    """
    pairs = codec.unpacked(pairs)
    fields = dict(zip(pairs[::2], pairs[1::2], strict=True))
    get = fields.get
    job_type = get(b"t", b"").decode()
    data, options, log = get(b"d", b""), get(b"o", b"").decode(), get(b"l", b"").decode()
    if fields[b"k"].decode() in _CHANGES:
        options, log = log, ""
    return JobEvent(
        identity,
        _KINDS[fields[b"k"].decode()],
        fields[b"j"].decode(),
        get(b"q", b"").decode(),
        int(get(b"a") or 0),
        get(b"w", b"").decode(),
        get(b"f", b"").decode(),
        get(b"b", b"").decode(),
        float(get(b"r") or 0),
        due_ms_of(get(b"u", b"")),
        get(b"s", b"").decode(),
        job_type,
        int(get(b"m") or 0),
        payload_text(job_type, data) if data else "",
        options,
        log,
        get(b"c", b"").decode(),
    )


def payload_text(job_type: str, data: bytes) -> str:
    """The payload inside RQ's call, letter for letter when the call is one of ours."""
    head, tail = _around(job_type)
    if data.startswith(head) and data.endswith(tail):
        return data[len(head) : -len(tail)].decode()
    return json.dumps(codec.payload_of(data), ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=1024)
def _around(job_type: str) -> tuple[bytes, bytes]:
    head, _, tail = codec.data_of(job_type, "\0").partition("\0")
    return head.encode(), tail.encode()


def _readable(pairs: list[bytes] | None) -> str:
    texts = [text.decode("utf-8", "backslashreplace") for text in pairs or ()]
    return json.dumps(texts, ensure_ascii=False)


def _shown(head: list[str], fields: list[str]) -> str:
    return _readable([text.encode(errors="surrogateescape") for text in (*head, *fields)])


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
