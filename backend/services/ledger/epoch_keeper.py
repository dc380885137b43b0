"""Sees when another server, or other data, took over a shard, and lifts its events above all on record.

Without that, a server whose clock is behind writes versions below those that the record has, and each
of its events would be taken for an older one and kept from changing anything, without a word.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import structlog

from backend.domain.ledger.shard_epoch import (
    EpochBook,
    EpochReason,
    EventFloor,
    ServerSight,
    ShardEpoch,
    crowded_millisecond,
    may_have_missed,
    new_epoch_reason,
)

log = structlog.get_logger("tally.epochs")


class EpochKeeper:
    """One shard's. Any number may look: lifting twice is lifting once. Not for two threads at once."""

    def __init__(
        self,
        floor: EventFloor,
        book: EpochBook,
        reconcile: Callable[[int], object] = lambda _number: None,
    ) -> None:
        """``reconcile`` is told the number of each epoch whose beginning the record may have missed."""
        self._floor = floor
        self._book = book
        self._reconcile = reconcile
        #: How far events had come when this process looked last: known also while Postgres is away.
        self._seen = 0
        self._went_back = False
        self._noted: ShardEpoch | None = None

    def look(self) -> EpochReason | None:
        """One look; why a new epoch began, if one did. Raises QueueUnavailable or HistoryUnavailable."""
        sight = self._sight()
        if self._noted is None:
            self._noted = self._on_record()
            # What is on record by now may be later than what was seen before it was asked for.
            sight = self._sight()
        reason = self._reason(sight)
        if reason is None:
            self._keep_up(sight)
        elif self._is_begun():
            reason = None
        else:
            self._begin(sight, reason)
        return reason

    def lift(self) -> int:
        """Lifts the events above all that is on record or was ever seen; above which version they are."""
        return self._floor.raise_above(self._known())

    def _known(self) -> int:
        noted = self._book.current()
        return max(self._book.recorded(), noted.last_version if noted else 0)

    def _sight(self) -> ServerSight:
        """What answers now, lifted above what this process saw before."""
        sight = self._floor.look()
        if sight.last_version < self._seen:
            self._went_back = True
            self._floor.raise_above(self._seen)
        elif above := crowded_millisecond(sight.last_version):
            self._floor.raise_above(above)
        self._seen = max(self._seen, sight.last_version)
        return sight

    def _reason(self, sight: ServerSight) -> EpochReason | None:
        reason = new_epoch_reason(self._noted, sight)
        return reason or (EpochReason.OLDER_DATA if self._went_back else None)

    def _is_begun(self) -> bool:
        """Whether another scheduler has begun the epoch of what answers now."""
        before, self._noted = self._noted, self._on_record()
        if self._noted is None or (before and self._noted.number == before.number):
            return False
        self._went_back = False
        return new_epoch_reason(self._noted, self._floor.look()) is None

    def _on_record(self) -> ShardEpoch | None:
        """The epoch as it was noted; while no scheduler ran, only the record knows how far it came."""
        noted, recorded = self._book.current(), self._book.recorded()
        if noted is None:
            return None
        return replace(noted, last_version=max(noted.last_version, recorded))

    def _begin(self, sight: ServerSight, reason: EpochReason) -> None:
        known = self._known()
        raised = self._floor.raise_above(known)
        number = self._noted.number + 1 if self._noted else 1
        if may_have_missed(reason):
            # Before it is noted: whoever is stopped in between asks again, under the same number.
            self._reconcile(number)
        who = (sight.replication_id, sight.run_id)
        self._book.begin(ShardEpoch(number, *who, reason, raised, raised))
        self._noted, self._seen, self._went_back = self._book.current(), raised, False
        is_new = reason is EpochReason.FIRST
        log.log(
            logging.INFO if is_new else logging.WARNING,
            "epoch.began",
            number=number,
            reason=reason.value,
            run_id=sight.run_id,
            behind_ms=max(0, (known >> 20) - (sight.last_version >> 20)),
        )

    def _keep_up(self, sight: ServerSight) -> None:
        if self._noted and sight.last_version > self._noted.last_version:
            self._book.note(self._noted.number, sight.last_version)
