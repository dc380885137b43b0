"""Operators' words in Redis: what workers obey, and who said it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from redis import Redis

from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions
from backend.domain.ledger.control import Control
from backend.telemetry.logs.logger import Logger

log = Logger("tally.controls")

#: Words of one step.
_BATCH = 100


class RedisControls:
    """The `LiveControls` on Redis."""

    def __init__(self, client: Redis, keys: Keys, lanes: Sequence[str] = ()) -> None:
        """``lanes`` are woken when something is lifted."""
        self._client = client
        self._keys = keys
        self._functions = Functions(client, keys.root)
        self._lanes = lanes

    def version(self) -> int:
        """The highest version of all words; 0 when it has none."""
        with translated():
            return int(cast("bytes | None", self._client.get(self._keys.controls_version)) or 0)

    def read(self) -> list[Control]:
        """Every word, and nothing is changed."""
        with translated():
            found = cast(dict[bytes, bytes], self._client.hgetall(self._keys.controls))
        return _controls_in(found.items())

    def settled(self) -> list[Control]:
        """Every word; what an earlier release did without one gets one first."""
        flat: list[bytes] = self._functions.call("controls")
        return _controls_in(zip(flat[::2], flat[1::2], strict=True))

    def adopt(self, words: Sequence[Control]) -> int:
        """Takes over those that are newer than what is there, and obeys them; how many."""
        adopted = 0
        for at in range(0, len(words), _BATCH):
            texts = [text for word in words[at : at + _BATCH] for text in _arguments(word)]
            head = (len(self._lanes), *self._lanes)
            adopted += int(self._functions.call("adopt", *head, *texts))
        return adopted


def _controls_in(pairs: Iterable[tuple[bytes, bytes]]) -> list[Control]:
    found = []
    for name, text in pairs:
        try:
            found.append(_control(name.decode(), json.loads(text)))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            log.warning("controls.unreadable", name=repr(name), error=str(error))
    return found


def _control(name: str, fields: dict[str, Any]) -> Control:
    since = int(fields.get("since", 0))
    return Control(
        name,
        fields["value"],
        int(fields["version"]),
        fields.get("by", ""),
        fields.get("reason", ""),
        datetime.fromtimestamp(since / 1000, UTC) if since else None,
    )


def _arguments(word: Control) -> tuple[Any, ...]:
    since = round(word.since.timestamp() * 1000) if word.since else 0
    return (word.name, word.value, word.version, word.by, word.reason, since)
