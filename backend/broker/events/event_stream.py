"""The stream of events as one recorder reads it: a consumer of a group that acknowledges what is recorded.

What a consumer has taken and not acknowledged stays its own until it has been idle for a while; then
any other may take it over. So nothing is lost with a recorder that dies, and some is read twice.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any, cast

from redis import Redis
from redis.exceptions import ResponseError

from backend.broker.events.event_lines import batch_of, more_before
from backend.broker.keys import Keys
from backend.broker.server.connection import blocked, translated
from backend.broker.server.functions import Functions
from backend.domain.errors import Unavailable
from backend.domain.history.history_ports import EventBatch, StreamLag
from backend.telemetry.logs.logger import Logger

log = Logger("tally.recorder")

#: The group of recorders that read lines, and that of the last release's, who know entries of one event.
#: Two, because a recorder sets aside and acknowledges what it cannot read: in a group of its own it takes
#: nothing from those who can.
GROUP, LAST_GROUP = "recorder-2", "recorder"
#: A batch takes no more once it has so many bytes: what is made of them takes several times as much.
BATCH_BYTES = 16 * 1024 * 1024
#: Entries in one answer of Redis: few while they may be as large as results may be, many while those
#: before them were smaller than this.
_FEW, _MANY, _SMALL = 32, 128, 4096
_Take = Callable[[int], list[Any]]
_NOTHING: tuple[Any, ...] = ("0-0", [])
#: A recorder of the last release asks every second; after so many of silence it counts as gone. One that is
#: not (its database is away) loses nothing: what it cannot read is read by those who can.
_SILENT_MS = 15_000


class ChangeOver(IntEnum):
    """Whether steps write lines."""

    LINES = 1
    #: A recorder of the last release still reads.
    NOT_YET = 0
    #: This account may not look at groups, or make them.
    NOT_ALLOWED = -1


class RedisEventStream:
    """The `EventSource` on Redis. Not for two threads at once."""

    def __init__(
        self, client: Redis, blocking: Redis, keys: Keys, *, consumer: str, idle: float = 30.0
    ) -> None:
        """``idle`` is how many seconds a consumer holds entries before another may take them over."""
        self._client = client
        self._functions = Functions(client, keys.root)
        self._key = keys.events
        self._books = keys.stream
        self._consumer = consumer
        self._idle_ms = int(idle * 1000)
        self._next_claim = "0-0"
        self._writes_lines = self._has_warned = False
        # redis-py would make each entry a dictionary, then a tuple, only for us to take it apart.
        self._blocking = blocking
        self._raw: Any = Redis(connection_pool=blocking.connection_pool)
        self._raw.set_response_callback("XREADGROUP", _as_it_is)
        self._raw.set_response_callback("XAUTOCLAIM", _as_it_is)
        self._raw.set_response_callback("XRANGE", _as_it_is)

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
        if batch.entries:
            command = ("XACK", self._key, GROUP, *batch.entries)
            self._in_group(lambda: self._raw.execute_command(*command))

    def trim(self) -> int:
        """Drops what every group on the stream has acknowledged; how many entries went."""
        with translated():
            if not self._client.exists(self._key):
                return 0
            groups = self._client.xinfo_groups(self._key)
            floors = [self._floor(group) for group in _waited_for(groups)]
        if not floors:
            return 0
        self._change_over(groups)
        return int(self._functions.call("trim", min(floors, key=_order)))

    def shed(self, most: int) -> int:
        """Drops the oldest entries until no more than ``most`` events are left, recorded or not; how many
        events went.
        """
        went = 0
        while dropped := int(self._functions.call("shed", most, _MANY)):
            went += dropped
        return went

    def lag(self) -> StreamLag:
        """Events not yet acknowledged, and the age of the oldest by Redis' clock.

        What other recorders acknowledged out of turn behind the oldest still counts, if it came in lines.
        """
        with translated():
            if not self._client.exists(self._key):
                return StreamLag(0, 0.0)
            group = group_of(self._client.xinfo_groups(self._key))
            length = self._client.xlen(self._key)
            oldest = self._oldest(self._floor(group) if group else "0-0")
            more, gone = self._client.hmget(self._books, "more", "gone")
            seconds, microseconds = self._client.time()
        if oldest is None:
            return StreamLag(0, 0.0)
        undelivered = group.get("lag") if group else None
        waiting = length if group is None or undelivered is None else undelivered + group["pending"]
        before = more_before(oldest[1])
        waiting += max(0, int(more or 0) - (int(gone or 0) if before is None else before))
        age = seconds + microseconds / 1e6 - _order(_text(oldest[0]))[0] / 1000
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

    def _oldest(self, floor: str) -> list[Any] | None:
        command = ("XRANGE", self._key, floor, "+", "COUNT", 1)
        entries = cast(list[Any], self._raw.execute_command(*command))
        return entries[0] if entries else None

    def _change_over(self, groups: list[dict[str, Any]]) -> None:
        """Has steps write lines once nobody is left who reads entries of one event alone."""
        if self._writes_lines and not any(group["name"] == LAST_GROUP.encode() for group in groups):
            return
        answer = ChangeOver(self._functions.call("change_over", GROUP, LAST_GROUP, _SILENT_MS))
        self._writes_lines = answer is ChangeOver.LINES
        if answer is ChangeOver.NOT_ALLOWED and not self._has_warned:
            log.warning(
                "recorder.rights_missing", commands="xgroup|create xgroup|destroy xinfo|consumers"
            )
            self._has_warned = True

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


def group_of(groups: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The recorders' group; that of the last release's where no other recorder has been yet."""
    named = {group["name"]: group for group in groups}
    return named.get(GROUP.encode()) or named.get(LAST_GROUP.encode())


def _waited_for(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All groups; without that of the last release's recorders, where this one's read what they would. It
    would hold the stream for ever, were they gone and the account not allowed to take it away.
    """
    if not any(group["name"] == GROUP.encode() for group in groups):
        return groups
    return [group for group in groups if group["name"] != LAST_GROUP.encode()]


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
    """Takes entries until there are ``most`` events, or no more, or as many bytes as a batch may have.

    The last entry may bring more than was asked for: it is taken whole.
    """
    batch, size, take, at_once = EventBatch([], [], []), 0, first, _FEW
    while batch.size < most and size < BATCH_BYTES:
        wanted = min(at_once, _entries_for(most - batch.size, batch))
        try:
            entries = take(wanted)
        except Unavailable:
            if not batch.size:
                raise
            # What is in hand can be recorded; whoever reads next is told.
            break
        taken, more = len(entries), _bytes_of(entries)
        batch = _joined(batch, batch_of(entries))
        if taken < wanted:
            break
        size, take, at_once = size + more, further, _MANY if more < _SMALL * taken else _FEW
    return batch


def _entries_for(events: int, batch: EventBatch) -> int:
    """How many entries bring so many events, if they hold as many as those before."""
    return max(1, events * len(batch.entries) // batch.size) if batch.size else events


def _joined(batch: EventBatch, part: EventBatch) -> EventBatch:
    return EventBatch(
        [*batch.events, *part.events],
        [*batch.unreadable, *part.unreadable],
        [*batch.entries, *part.entries],
    )


def _bytes_of(entries: list[Any]) -> int:
    return sum(len(part) for _, pairs in entries for part in pairs or ())
