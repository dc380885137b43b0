"""Freezes in Redis. Their words are kept among operators' words, from where they go on record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from redis import Redis

from backend.broker.jobs.inspection import RedisInspection
from backend.broker.jobs.parked_jobs import ParkedJobs
from backend.broker.keys import Keys
from backend.broker.ledger.redis_controls import RedisControls
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions
from backend.domain.schedules.freeze import Freeze, FrozenWindow, KeptFreeze, Window, freeze_in
from backend.domain.schedules.freeze_ports import PlanCode

_HEAD = "freeze:"


class RedisFreezes:
    """The `Freezes` on Redis."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._functions = Functions(client, keys.root)
        self._controls = RedisControls(client, keys)
        self._inspection = RedisInspection(client, keys)
        self._parked = ParkedJobs(client, keys)

    def is_planned(self) -> bool:
        """Whether nothing was said, of a freeze or else, since a plan was begun.

        The mark of a plan is lost where its windows are: with what Redis had, in an older copy, or when
        words come back from the record.
        """
        pipe = self._client.pipeline(transaction=False)
        pipe.get(self._keys.controls_version)
        pipe.get(self._keys.planned_version)
        with translated():
            said, planned = pipe.execute()
        return planned is not None and int(planned) == int(said or 0)

    def begin_plan(self) -> None:
        """Notes what was said so far. Before the words are read: what is said meanwhile is planned next."""
        with translated():
            self._client.set(self._keys.planned_version, self._controls.version())

    def all(self) -> list[KeptFreeze]:
        """Every freeze that was said and not lifted, by name."""
        words = [word for word in self._controls.read() if word.name.startswith(_HEAD)]
        found = [(freeze_in(word.value), word) for word in sorted(words, key=lambda w: w.name)]
        return [
            KeptFreeze(freeze, word.version, word.by, word.reason, word.since)
            for freeze, word in found
            if freeze is not None
        ]

    def windows(self) -> list[FrozenWindow]:
        """The windows that workers know, by their beginning; also those whose ramp is not over."""
        return self._inspection.frozen()

    def set(self, freeze: Freeze, windows: Sequence[Window], *, by: str, reason: str) -> None:
        """Says a freeze, instead of one of the same name, with its windows that are not over."""
        said = (by, reason, freeze.name, freeze.text)
        self._functions.call("freeze", *said, *_arguments(freeze, windows))

    def lift(self, name: str, *, by: str, reason: str) -> bool:
        """Ends it, with its ramp; False if there is none of that name."""
        return bool(self._functions.call("freeze", by, reason, name, ""))

    def plan(self, kept: KeptFreeze, windows: Sequence[Window], fence: int) -> PlanCode:
        """Writes the windows of the next time, unless another word or a newer leader has been there."""
        head = (fence, kept.freeze.name, kept.version)
        return PlanCode(self._functions.call("plan", *head, *_arguments(kept.freeze, windows)))

    def aside(self, whats: Sequence[str]) -> list[int]:
        """How many jobs wait aside for each type or tenant to thaw."""
        return self._parked.counts([f"frozen:{what}" for what in whats])


def _arguments(freeze: Freeze, windows: Iterable[Window]) -> list[str | int]:
    ramp = int(freeze.ramp_seconds * 1000)
    fours = ((freeze.what, _ms(from_), _ms(until), ramp) for from_, until in windows)
    return [part for four in fours for part in four]


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
