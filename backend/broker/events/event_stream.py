"""The stream of events as one recorder reads it: a consumer of a group that acknowledges what is recorded.

What a consumer has taken and not acknowledged stays its own until it has been idle for a while; then
any other may take it over. So nothing is lost with a recorder that dies, and some is read twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

from redis import Redis
from redis.exceptions import ResponseError

from backend.broker.jobs import codec
from backend.broker.jobs.moments import due_ms_of
from backend.broker.keys import Keys
from backend.broker.server.connection import blocked, translated
from backend.domain.errors import Unavailable
from backend.domain.history.history_ports import EventBatch, StreamLag, UnreadableEntry
from backend.domain.jobs.job_event import EventKind, JobEvent

GROUP = "recorder"
_KINDS = {kind.value.encode(): kind.value for kind in EventKind}
#: Later than this does not fit into a version of 63 bits.
_LATEST_MS = 1 << 43
#: A batch takes no more once it has so many bytes: what is made of them takes several times as much.
BATCH_BYTES = 16 * 1024 * 1024
#: Entries in one answer of Redis: few while they may be as large as results may be, many while those
#: before them were smaller than this.
_FEW, _MANY, _SMALL = 32, 128, 4096
_Take = Callable[[int], list[Any]]
_NOTHING: tuple[Any, ...] = ("0-0", [])


class RedisEventStream:
    """The `EventSource` on Redis. Not for two threads at once."""

    def __init__(
        self, client: Redis, blocking: Redis, keys: Keys, *, consumer: str, idle: float = 30.0
    ) -> None:
        """``idle`` is how many seconds a consumer holds entries before another may take them over."""
        self._client = client
        self._key = keys.events
        self._consumer = consumer
        self._idle_ms = int(idle * 1000)
        self._next_claim = "0-0"
        # redis-py would make each entry a dictionary, then a tuple, only for us to take it apart.
        self._blocking = blocking
        self._raw: Any = Redis(connection_pool=blocking.connection_pool)
        self._raw.set_response_callback("XREADGROUP", _as_it_is)
        self._raw.set_response_callback("XAUTOCLAIM", _as_it_is)

    def read(self, most: int, timeout: float) -> EventBatch:
        """New entries; blocks until there is one, at most ``timeout`` seconds.

        Redis is asked for some at a time, because it counts entries and what counts here is memory.
        """
        return _gathered(most, lambda wanted: self._awaited(wanted, timeout), self._new)

    def _awaited(self, most: int, timeout: float) -> list[Any]:
        block = ("BLOCK", max(1, int(timeout * 1000)))
        command = self._reading(most, block)
        reply = self._in_group(lambda: blocked(self._blocking, timeout, *command))
        return cast(list[Any], reply[0][1]) if reply else []

    def _new(self, most: int) -> list[Any]:
        reply = self._in_group(lambda: self._raw.execute_command(*self._reading(most)))
        return cast(list[Any], reply[0][1]) if reply else []

    def _reading(self, most: int, block: tuple[Any, ...] = ()) -> tuple[Any, ...]:
        head = ("XREADGROUP", "GROUP", GROUP, self._consumer, "COUNT", most)
        return (*head, *block, "STREAMS", self._key, ">")

    def reclaim(self, most: int) -> EventBatch:
        """Takes over what others have held for too long; goes through all that is held, call by call."""
        return _gathered(most, self._left_over, self._left_further)

    def _left_over(self, most: int) -> list[Any]:
        command = ("XAUTOCLAIM", self._key, GROUP, self._consumer, self._idle_ms)
        rest = (self._next_claim, "COUNT", most)
        reply = self._in_group(lambda: self._raw.execute_command(*command, *rest)) or _NOTHING
        self._next_claim = _text(reply[0])
        return cast(list[Any], reply[1])

    def _left_further(self, most: int) -> list[Any]:
        """Not from the beginning again: what is held there is ours by now."""
        return self._left_over(most) if self._next_claim != _NOTHING[0] else []

    def acknowledge(self, batch: EventBatch) -> None:
        """These entries need not be kept for the recorder any longer."""
        ids = [event.id for event in batch.events] + [entry.id for entry in batch.unreadable]
        if ids:
            self._in_group(lambda: self._raw.execute_command("XACK", self._key, GROUP, *ids))

    def trim(self) -> int:
        """Drops what every group on the stream has acknowledged; how many entries went."""
        with translated():
            if not self._client.exists(self._key):
                return 0
            groups = self._client.xinfo_groups(self._key)
            floors = [self._floor(group) for group in groups]
            if not floors:
                return 0
            floor = min(floors, key=_order)
            return self._client.xtrim(self._key, minid=floor, approximate=False)

    def shed(self, most: int) -> int:
        """Drops the oldest entries beyond ``most``, recorded or not; how many went."""
        with translated():
            return self._client.xtrim(self._key, maxlen=most, approximate=False)

    def lag(self) -> StreamLag:
        """Entries not yet acknowledged, and the age of the oldest by Redis' clock."""
        with translated():
            if not self._client.exists(self._key):
                return StreamLag(0, 0.0)
            groups = self._client.xinfo_groups(self._key)
            group = next((entry for entry in groups if entry["name"] == GROUP.encode()), None)
            length = self._client.xlen(self._key)
            oldest = self._oldest(self._floor(group) if group else "0-0")
            seconds, microseconds = self._client.time()
        if oldest is None:
            return StreamLag(0, 0.0)
        undelivered = group.get("lag") if group else None
        waiting = length if group is None or undelivered is None else undelivered + group["pending"]
        age = seconds + microseconds / 1e6 - _order(oldest)[0] / 1000
        return StreamLag(waiting, max(0.0, age))

    def leave(self) -> None:
        """Takes this consumer off the group, unless it still holds entries for others to take over."""
        with translated():
            try:
                held = self._client.xpending_range(self._key, GROUP, "-", "+", 1, self._consumer)
                if not held:
                    self._client.xgroup_delconsumer(self._key, GROUP, self._consumer)
            except ResponseError as error:
                if not _is_without_group(error):
                    raise

    def _floor(self, group: dict[str, Any]) -> str:
        """The lowest id that a group may still need."""
        if group["pending"]:
            summary = self._client.xpending(self._key, group["name"].decode())
            if summary["pending"]:
                return _text(summary["min"])
        milliseconds, sequence = _order(_text(group["last-delivered-id"]))
        return f"{milliseconds}-{sequence + 1}"

    def _oldest(self, floor: str) -> str | None:
        entries = cast(list[Any], self._client.xrange(self._key, min=floor, count=1))
        return _text(entries[0][0]) if entries else None

    def _in_group(self, run: Callable[[], Any]) -> Any:
        """Runs a command of the group, which is new in a new or emptied Redis: from the first entry on."""
        with translated():
            try:
                return run()
            except ResponseError as error:
                if not _is_without_group(error):
                    raise
            self._make_group()
            return run()

    def _make_group(self) -> None:
        try:
            self._client.xgroup_create(self._key, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise


def _is_without_group(error: ResponseError) -> bool:
    """Redis is new or was emptied, perhaps while we were waiting for entries."""
    return str(error).startswith(("NOGROUP", "UNBLOCKED the stream key no longer exists"))


def _as_it_is(reply: Any, **_: Any) -> Any:
    return reply


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _order(stream_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = stream_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def _gathered(most: int, first: _Take, further: _Take) -> EventBatch:
    """Takes entries until there are ``most``, or no more, or as many bytes as a batch may have."""
    batch, size, take, at_once = EventBatch([], []), 0, first, _FEW
    while batch.size < most and size < BATCH_BYTES:
        wanted = min(at_once, most - batch.size)
        try:
            entries = take(wanted)
        except Unavailable:
            if not batch.size:
                raise
            # What is in hand can be recorded; whoever reads next is told.
            break
        taken, more = len(entries), _bytes_of(entries)
        part = batch_of(entries)
        batch = EventBatch([*batch.events, *part.events], [*batch.unreadable, *part.unreadable])
        if taken < wanted:
            break
        size, take, at_once = size + more, further, _MANY if more < _SMALL * taken else _FEW
    return batch


def _bytes_of(entries: list[Any]) -> int:
    return sum(len(part) for _, pairs in entries for part in pairs or ())


def batch_of(entries: list[Any]) -> EventBatch:
    """Parses entries as Redis sends them; what is no event of ours is set apart.

    Empties the list on the way, so that large ones are not held twice.
    """
    events: list[JobEvent] = []
    unreadable: list[UnreadableEntry] = []
    entries.reverse()
    while entries:
        stream_id, pairs = entries.pop()
        try:
            events.append(job_event(stream_id, pairs))
        except (KeyError, ValueError, TypeError, IndexError) as error:
            reason = f"{type(error).__name__}: {error}"
            unreadable.append(UnreadableEntry(_text(stream_id), _readable(pairs), reason))
    return EventBatch(events, unreadable)


def _readable(pairs: list[bytes] | None) -> str:
    texts = [text.decode("utf-8", "backslashreplace") for text in pairs or ()]
    return json.dumps(texts, ensure_ascii=False)


def job_event(stream_id: bytes, pairs: list[bytes]) -> JobEvent:
    """One entry of the stream, the payload taken out of RQ's call; raises for one that is not ours.

    What it raises is a KeyError, ValueError, TypeError or IndexError.
    """
    pairs = codec.unpacked(pairs)
    fields = dict(zip(pairs[::2], pairs[1::2], strict=True))
    get = fields.get
    identity = stream_id.decode()
    if int(identity.partition("-")[0]) >= _LATEST_MS:
        raise ValueError("its time is beyond all calendars")
    job_type = get(b"t", b"").decode()
    data = get(b"d", b"")
    return JobEvent(
        identity,
        _KINDS[fields[b"k"]],
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
        get(b"o", b"").decode(),
        get(b"l", b"").decode(),
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
