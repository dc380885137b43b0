"""What "accepted" means of a job: which losses it outlives from the moment of the answer."""

from __future__ import annotations

from enum import StrEnum


class Durability(StrEnum):
    """From the least on. Jobs are accepted at the first level, or at the last by way of the outbox."""

    #: A crash of Redis; a power cut takes what its append-only file had not synced, a second at most.
    LOCAL = "local"
    #: The loss of the primary: a replica had it.
    REPLICATED = "replicated"
    #: A power cut.
    SYNCED = "synced"
    #: The loss of all of Redis: it is committed in Postgres.
    RECORDED = "recorded"
