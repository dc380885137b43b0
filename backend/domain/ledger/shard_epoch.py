"""Epochs of a shard: one ends when another server, or other data, may have taken its place.

Whatever Redis acknowledged last may be unknown to what took over, and its clock may be behind: what it
writes then must come after all that is on record.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

#: Ids of one millisecond are told apart by 20 bits; half of them leave time to go on to the next.
_MOST_IN_A_MILLISECOND = 1 << 19
_SEQUENCE = (1 << 20) - 1

#: Tags the reconciliation that follows when an epoch has begun.
EPOCH_TAG = "epoch"


class EpochReason(StrEnum):
    """Why an epoch began."""

    FIRST = "first"
    FAIL_OVER = "fail-over"
    RESTART = "restart"
    OLDER_DATA = "older data"


@dataclass(frozen=True, slots=True)
class ServerSight:
    """Which server answers for a shard, and how far its events have come."""

    #: Of its data's history; changes with a promotion and with a restart. Empty where it is not told.
    replication_id: str
    #: The one before, of a server that was promoted.
    former_id: str
    #: Of the process.
    run_id: str
    #: The version of the last event that it knows of; 0 for none.
    last_version: int


@dataclass(frozen=True, slots=True)
class ShardEpoch:
    """What is noted of the epoch that a shard is in."""

    number: int
    replication_id: str
    run_id: str
    reason: EpochReason
    #: Its events are above this version.
    raised_to: int
    #: The version of the last event that was seen.
    last_version: int


def new_epoch_reason(noted: ShardEpoch | None, seen: ServerSight) -> EpochReason | None:
    """Why what is seen is not the epoch that was noted; None when it is."""
    if noted is None:
        return EpochReason.FIRST
    if seen.last_version < noted.last_version:
        return EpochReason.OLDER_DATA
    if (seen.replication_id, seen.run_id) == (noted.replication_id, noted.run_id):
        return None
    is_promoted = noted.run_id != seen.run_id and seen.former_id == noted.replication_id
    return EpochReason.FAIL_OVER if is_promoted else EpochReason.RESTART


def may_have_missed(reason: EpochReason) -> bool:
    """Whether Redis and the record may say different things of jobs, now that an epoch begins.

    What was acknowledged last may be unknown to what took over, and no version tells: whatever was
    enqueued since it came has the clock of now, and is above all that it lacks. And until its events
    were lifted, they were below those on record if its clock is behind, and changed nothing there.
    """
    return reason is not EpochReason.FIRST


def crowded_millisecond(last_version: int) -> int | None:
    """The version of the next millisecond, if the ids of the last one might be used up; else None.

    A clock that is behind counts up within one millisecond until it has caught up.
    """
    if last_version & _SEQUENCE < _MOST_IN_A_MILLISECOND:
        return None
    return ((last_version >> 20) + 1) << 20


class EpochBook(Protocol):
    """Epochs on record. Every method raises HistoryUnavailable."""

    def current(self) -> ShardEpoch | None:
        """The last epoch of the shard."""

    def recorded(self) -> int:
        """The highest version on record; 0 for none."""

    def begin(self, epoch: ShardEpoch) -> bool:
        """Notes a new epoch; False when somebody has noted one of that number already."""

    def note(self, number: int, last_version: int) -> None:
        """Notes how far the events of an epoch have come."""


class EventFloor(Protocol):
    """Below which no event of a shard is written. Every method raises QueueUnavailable."""

    def look(self) -> ServerSight:
        """Which server answers, and how far its events have come."""

    def raise_above(self, version: int) -> int:
        """The next event gets a higher version than this, and than all before it; above which."""
