"""RQ's publish-subscribe channel of one worker process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from backend.broker.keys import Keys
from backend.broker.server import siblings
from backend.broker.server.connection import translate

_LOOK_UP = 1.0


class RedisCommandChannel:
    """Commands for one worker process."""

    def __init__(self, blocking: Redis, keys: Keys, worker: str) -> None:
        self._blocking = blocking
        self._channel = keys.commands(worker)

    def listen(self) -> Iterator[dict[str, Any] | None]:
        """Each command as it comes, None once a second in between; raises `QueueUnavailable`."""
        try:
            while True:
                yield from self._listen_here()
        except RedisError as error:
            raise translate(error) from error

    def _listen_here(self) -> Iterator[dict[str, Any] | None]:
        """Until others of this process learnt that it speaks to the wrong server.

        A server that became a replica, or was left behind, says nothing of it to who only listens.
        """
        before = siblings.given_up()
        with self._blocking.pubsub(ignore_subscribe_messages=True) as subscription:  # type: ignore[no-untyped-call]
            subscription.subscribe(self._channel)
            while siblings.given_up() == before:
                message = subscription.get_message(timeout=_LOOK_UP)
                yield _command(message["data"]) if message else None


def _command(data: bytes) -> dict[str, Any]:
    """A command's fields; what is not JSON becomes a command nobody knows."""
    try:
        fields = json.loads(data)
    except ValueError:
        return {"command": repr(data[:80])}
    return fields if isinstance(fields, dict) else {"command": repr(fields)}
