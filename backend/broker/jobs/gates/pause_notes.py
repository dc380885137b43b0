"""What is paused, and what was written down of it. The read side."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import cast

from redis import Redis

from backend.broker.jobs.parked_jobs import ParkedJobs
from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.domain.jobs.pause import ALL, Pause


class PauseNotes:
    """Reads the set that workers obey and the notes beside it; a pause without a note counts as well."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._parked = ParkedJobs(client, keys)

    def all(self) -> list[Pause]:
        """Every pause by its name; ``all`` by `rq suspend` comes last."""
        pipe = self._client.pipeline(transaction=False)
        pipe.smembers(self._keys.paused)
        pipe.hgetall(self._keys.pauses)
        pipe.exists(self._keys.suspended)
        with translated():
            members, notes, suspended = pipe.execute()
        words = sorted(word.decode() for word in members)
        types = [word.partition(":")[2] for word in words if word.startswith("type:")]
        counts = self._parked.counts([f"paused:{name}" for name in types])
        parked = dict(zip(types, counts, strict=True))
        pauses = [_pause(word, cast(dict[bytes, bytes], notes), parked) for word in words]
        return [*pauses, *([Pause(ALL)] if suspended else [])]


def _pause(what: str, notes: dict[bytes, bytes], parked: dict[str, int]) -> Pause:
    note = json.loads(notes.get(what.encode(), b"{}").decode(errors="replace"))
    kind, _, name = what.partition(":")
    return Pause(
        what,
        by=note.get("by", ""),
        reason=note.get("reason", ""),
        since=datetime.fromtimestamp(note["since"] / 1000, UTC) if note.get("since") else None,
        parked=parked[name] if kind == "type" else 0,
    )
