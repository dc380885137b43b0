"""One Redis with all keys under one root: a whole of its own. No step touches two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from redis import Redis

from backend.broker.keys import Keys
from backend.broker.server.connector import Connector
from backend.locks.fork_locks import cached_property

Part = TypeVar("Part")


@dataclass(frozen=True)
class Shard:
    """Everything in Redis is reached through one of these. The first has the number 0."""

    number: int
    #: What its keys begin with; with braces in it, all of them share one slot of a cluster.
    root: str
    connector: Connector

    @cached_property
    def keys(self) -> Keys:
        """Its keys."""
        return Keys(self.root)

    @property
    def client(self) -> Redis:
        """For short commands."""
        return self.connector.client()

    @property
    def blocking(self) -> Redis:
        """For commands that block."""
        return self.connector.blocking()

    def part(self, make: Callable[[Redis, Keys], Part], name: str = "tally") -> Part:
        """An adapter that works on this shard, over the connections of one use."""
        return make(self.connector.client(name), self.keys)
