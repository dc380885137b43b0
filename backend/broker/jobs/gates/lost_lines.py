"""Lines of jobs that nobody comes to any more, because the list of lines was lost: found by their keys."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, cast

from redis import Redis

from backend.broker.jobs.parked_jobs import FAIR, ParkedJobs, fair_line_of
from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions

_PAGE, _BATCH = 1000, 500
#: What means something in a pattern.
_SPECIAL = re.compile(r"([*?\[\]\\^])")
#: Each so many looks all lines that are known are counted.
COUNTED_EVERY = 12
#: Behind gates, whatever the queue; a fair queue goes by its name.
_GATES = ""


class _Look(NamedTuple):
    """How many jobs more are counted than stand in known lines, and whether no line is known."""

    missing: int
    is_empty: bool


class RedisLostLines:
    """Counts before it looks: to look goes through all keys of the server."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._functions = Functions(client, keys.root)
        self._parked = ParkedJobs(client, keys)
        #: How many were missing at the last look, and at which number it was looked for them in vain.
        self._seen: dict[str, int] = {}
        self._in_vain: dict[str, int] = {}
        self._turn = 0

    def find(self) -> int:
        """Notes lines again that have jobs and are not known; how many.

        A fair queue of which no line is known is looked through at once. All other lines are counted now
        and then; counts are not of one moment, so they must be short of the same twice.
        """
        found, self._turn = 0, self._turn + 1
        is_counted = self._turn % COUNTED_EVERY == 0
        for queue in self._parked.fair_queues():
            if is_counted or not self._parked.fair_keys(queue, 1):
                found += self._find(queue, self._in_lines(queue))
        return found + self._find(_GATES, self._behind_gates()) if is_counted else found

    def _find(self, queue: str, look: _Look) -> int:
        before, self._seen[queue] = self._seen.get(queue), look.missing
        if look.missing <= 0 or self._in_vain.get(queue) == look.missing:
            return 0
        if not look.is_empty and before != look.missing:
            return 0
        found = self._look_through(fair_line_of(queue, "") if queue else "")
        self._in_vain[queue] = 0 if found else look.missing
        return found

    def _in_lines(self, queue: str) -> _Look:
        keys = self._parked.fair_keys(queue, 0)
        waiting = sum(self._parked.lengths([fair_line_of(queue, key) for key in keys]))
        [(_, lined)] = self._counts([queue])
        return _Look(lined - waiting, not keys)

    def _behind_gates(self) -> _Look:
        with translated():
            queues = cast(set[bytes], self._client.smembers(self._keys.queues))
        head = len(self._keys.queue(""))
        counts = self._counts([key.decode()[head:] for key in queues])
        waiting = sum(self._parked.lengths(self._parked.lines()))
        return _Look(sum(parked - lined for parked, lined in counts) - waiting, is_empty=False)

    def _counts(self, queues: Sequence[str]) -> list[tuple[int, int]]:
        pipe = self._client.pipeline(transaction=False)
        for queue in queues:
            pipe.hmget(self._keys.counts(queue), "parked", "lined")
        with translated():
            rows = pipe.execute() if queues else []
        return [(int(parked or 0), int(lined or 0)) for parked, lined in rows]

    def _look_through(self, begin: str) -> int:
        head = self._keys.parked("")
        pattern = _SPECIAL.sub(r"\\\1", head + begin) + "*"
        with translated():
            found = cast(list[bytes], [*self._client.scan_iter(match=pattern, count=_PAGE)])
        lines = [key.decode()[len(head) :] for key in found]
        wanted = [line for line in lines if begin or not line.startswith(FAIR)]
        return sum(
            int(self._functions.call("find_lines", *wanted[at : at + _BATCH]))
            for at in range(0, len(wanted), _BATCH)
        )
