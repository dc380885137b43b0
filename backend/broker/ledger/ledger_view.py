"""Redis as the ledger reads it: every job and every entry, page by page, while everything moves."""

from __future__ import annotations

from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from redis import Redis

from backend.broker.events.event_lines import payload_text
from backend.broker.jobs.absent_fields import max_attempts_in, number_in
from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions
from backend.domain.jobs.attempts.outcome import MISREADINGS
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_name import DEAD_LETTER_QUEUE
from backend.domain.ledger.ledger import LiveFacts, Places, QueueBalance
from backend.domain.ledger.ledger_ports import Entry, JobContents
from backend.domain.ledger.lost_control import HeldControl

_PAGE = 1000
#: Jobs of one step.
_STEP = 200
_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\*?[]"})


class RedisLedgerView:
    """The `LedgerView` on Redis."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._functions = Functions(client, keys.root)
        #: Lists and sets that hold jobs, by the name of their place; found while scanning.
        self._found: dict[str, str] = {}

    def jobs(self) -> Iterator[list[LiveFacts]]:
        """Every job; some may come twice, none that was there all the time is left out."""
        head, cursor = self._keys.job(""), 0
        pattern = self._keys.root.translate(_SPECIAL) + ":*"
        while True:
            with translated():
                cursor, found = cast(
                    tuple[int, list[bytes]], self._client.scan(cursor, pattern, _PAGE)
                )
            names = [key.decode("utf-8", "replace") for key in found]
            self._remember(names)
            ids = [name[len(head) :] for name in names if name.startswith(head)]
            if ids:
                yield list(self._facts_of(ids).values())
            if not cursor:
                return

    def entries(self) -> Iterator[list[Entry]]:
        """Every entry that brings a job to a worker; none that was there all the time is left out."""
        for place, key in self._lists({}).items():
            for ids in self._pages(place, key):
                yield [Entry(job_id, place) for job_id in ids]
        for members in self._set_pages(self._keys.schedule):
            yield [Entry(job_id, f"schedule:{due * 1000:.0f}") for job_id, due in members]
        for members in self._set_pages(self._keys.leases):
            yield [Entry(job_id, "leases") for job_id, _ in members]

    def facts(self, job_ids: Sequence[str]) -> dict[str, LiveFacts]:
        """What is known of each job, marked, also of those that are not there; each at one moment."""
        return self._facts_of(job_ids, mark="1")

    def places(self, jobs: Collection[LiveFacts]) -> dict[str, Places]:
        """In which lists each job is, and how often."""
        wanted = {job.job_id for job in jobs}
        found: dict[str, Counter[str]] = defaultdict(Counter)
        homes = {job.home: self._key_of(job.home) for job in jobs if job.state == JobState.QUEUED}
        for place, key in self._lists(homes).items():
            for ids in self._pages(place, key):
                for job_id in wanted.intersection(ids):
                    found[job_id][place] += ids.count(job_id)
        return {job_id: dict(found[job_id]) for job_id in wanted}

    def recount(self, job: LiveFacts, places: Places) -> Places | None:
        """How often exactly its home and other lists hold one job; None when it is not as seen."""
        lists = sorted({job.home, *places} if job.state == JobState.QUEUED else places)
        row, counts = self._functions.call("recount", job.job_id, *lists)
        if _facts(job.job_id, row) != job:
            return None
        return {place: times for place, times in zip(lists, counts, strict=True) if times}

    def balances(self) -> list[QueueBalance]:
        """The books of every queue, each at one moment."""
        return [self.balance(name) for name in self._queues()]

    def balance(self, queue: str) -> QueueBalance:
        """The books of one queue, at one moment."""
        return balance_of(queue, self._functions.call("balance", queue, ""))

    def contents(self, job_id: str) -> JobContents | None:
        """What a job was accepted with; None when it is not there."""
        with translated():
            fields = cast(
                list[Any],
                self._client.hmget(
                    self._keys.job(job_id), ["description", "data", "options", "max_attempts"]
                ),
            )
        if fields[0] is None or fields[1] is None:
            return None
        job_type = fields[0].decode()
        options = (fields[2] or b"{}").decode()
        return JobContents(
            job_type, payload_text(job_type, fields[1]), options, max_attempts_in(fields[3])
        )

    def payload(self, job_id: str) -> str | None:
        """What a job would run with, as JSON text; None when it is not there, or cannot be read."""
        try:
            contents = self.contents(job_id)
        except MISREADINGS:
            return None
        return contents.payload if contents else None

    def outcome(self, job_id: str) -> str:
        """The result, or error, with which its last attempt ended, as JSON text; empty for none."""
        with translated():
            error = cast("bytes | None", self._client.hget(self._keys.job(job_id), "error"))
            results = cast(list[Any], self._client.xrevrange(self._keys.results(job_id), count=1))
        value = results[0][1].get(b"return_value") if results else None
        return b64decode(value).decode() if value else (error or b"").decode()

    def controls(self) -> set[HeldControl]:
        """Every pause and every limit of a type that holds."""
        with translated():
            paused = cast(set[bytes], self._client.smembers(self._keys.paused))
            limits = cast(dict[bytes, bytes], self._client.hgetall(self._keys.limits))
        pauses = {HeldControl(name.decode()) for name in paused}
        return pauses | {HeldControl(f"type:{t.decode()}", int(most)) for t, most in limits.items()}

    def is_empty(self) -> bool:
        """Whether no job is there at all."""
        return next(self.jobs(), None) is None

    def _facts_of(self, job_ids: Sequence[str], *, mark: str = "") -> dict[str, LiveFacts]:
        facts: dict[str, LiveFacts] = {}
        for at in range(0, len(job_ids), _STEP):
            batch = job_ids[at : at + _STEP]
            rows = self._functions.call("facts", mark, *batch)
            facts |= {job_id: _facts(job_id, row) for job_id, row in zip(batch, rows, strict=True)}
        return facts

    def _queues(self) -> list[str]:
        with translated():
            found = cast(set[bytes], self._client.smembers(self._keys.queues))
        head = len(self._keys.queue(""))
        return sorted({key.decode()[head:] for key in found} - {DEAD_LETTER_QUEUE})

    def _remember(self, names: Sequence[str]) -> None:
        for kind in ("queue", "parked", "holders"):
            head = self._key_of(f"{kind}:")
            places = (f"{kind}:{name[len(head) :]}" for name in names if name.startswith(head))
            self._found |= {place: self._key_of(place) for place in places}

    def _key_of(self, place: str) -> str:
        kind, _, name = place.partition(":")
        make = {
            "queue": self._keys.queue,
            "parked": self._keys.parked,
            "holders": self._keys.holders,
        }
        return make[kind](name)

    def _lists(self, more: Mapping[str, str]) -> dict[str, str]:
        """Known lists by place; an empty one has no key, and may have been filled since the scan."""
        queues = {f"queue:{name}": self._keys.queue(name) for name in self._queues()}
        return {**self._found, **queues, **more}

    def _pages(self, place: str, key: str) -> Iterator[list[str]]:
        if place.startswith("holders:"):
            with translated():
                members = cast(set[bytes], self._client.smembers(key))
            yield [member.decode() for member in members]
            return
        yield from self._list_pages(key)

    def _set_pages(self, key: str) -> Iterator[list[tuple[str, float]]]:
        cursor = 0
        while True:
            with translated():
                cursor, found = cast(
                    tuple[int, list[Any]], self._client.zscan(key, cursor, count=_PAGE)
                )
            yield [(member.decode(), score) for member, score in found]
            if not cursor:
                return

    def _list_pages(self, key: str) -> Iterator[list[str]]:
        """From the tail: what workers take off the head moves nothing that is still to be read.

        What is added at the tail meanwhile pushes what was read back into the next page.
        """
        read, last = 0, list[bytes]()
        while True:
            with translated():
                page = cast(list[bytes], self._client.lrange(key, -read - _PAGE, -read - 1))
            if not page:
                return
            yield [job_id.decode() for job_id in _unread(page, last)]
            read, last = read + len(page), page


def _unread(page: list[bytes], last: list[bytes]) -> list[bytes]:
    if last and last[0] in page:
        at = page.index(last[0])
        if page[at:] == last[: len(page) - at]:
            return page[:at]
    return page


def balance_of(queue: str, row: Sequence[int]) -> QueueBalance:
    """The reply of the step ``balance``."""
    accepted, queued, parked, scheduled, started, deferred, finished, failed, canceled = row
    live = {
        JobState.SCHEDULED: scheduled,
        JobState.DEFERRED: deferred,
        JobState.QUEUED: queued,
        JobState.STARTED: started,
        JobState.FINISHED: finished,
        JobState.FAILED: failed,
        JobState.CANCELED: canceled,
    }
    return QueueBalance(queue, accepted, live, parked)


def _facts(job_id: str, row: Sequence[Any]) -> LiveFacts:
    texts = [_text(value) for value in row[:12]]
    scores = [None if value is None else float(value) for value in row[12:18]]
    lease, started, due, scheduled, dead, failed = scores
    return LiveFacts(
        job_id=job_id,
        state=texts[0],
        queue=texts[1],
        attempt=number_in(texts[2]),
        failures=number_in(texts[3]),
        fence=texts[4],
        parked=texts[5],
        worker=texts[6],
        created_ms=_ms(texts[7]),
        enqueued_ms=_ms(texts[8]),
        started_ms=_ms(texts[9]),
        ended_ms=_ms(texts[10]),
        returns=number_in(texts[11]),
        kept_gate=_text(row[18]),
        asked_to_stop=_text(row[19]),
        mark=_text(row[20]),
        has_lease=lease is not None,
        in_started_registry=started is not None,
        due_ms=int((due or 0) * 1000),
        in_scheduled_registry=scheduled is not None,
        is_listed_dead=dead is not None,
        in_failed_registry=failed is not None,
    )


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode()


def _ms(stamp: str) -> int:
    try:
        return round(datetime.fromisoformat(stamp).timestamp() * 1000) if stamp else 0
    except ValueError:
        return 0
