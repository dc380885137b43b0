"""The epochs of shards in Postgres."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine

from backend.domain.ledger.shard_epoch import EpochReason, ShardEpoch
from backend.history.outbox.caller_session import in_session


class PostgresEpochBook:
    """The `EpochBook` of one shard."""

    def __init__(self, engine: Engine, shard: int) -> None:
        self._engine = engine
        self._shard = shard

    def current(self) -> ShardEpoch | None:
        """The last epoch of the shard."""
        rows = self._run("current_epoch")
        if not rows:
            return None
        number, replication_id, run_id, reason, raised_to, last_version = rows[0]
        return ShardEpoch(
            number, replication_id, run_id, EpochReason(reason), raised_to, last_version
        )

    def recorded(self) -> int:
        """The highest version on record; 0 for none."""
        return int(self._run("last_version")[0][0])

    def begin(self, epoch: ShardEpoch) -> bool:
        """Notes a new epoch; False when somebody has noted one of that number already."""
        values = {name: getattr(epoch, name) for name in ShardEpoch.__slots__}
        return bool(self._run("begin_epoch", **values))

    def note(self, number: int, last_version: int) -> None:
        """Notes how far the events of an epoch have come."""
        self._run("note_epoch", number=number, last_version=last_version)

    def _run(self, name: str, **values: Any) -> list[tuple[Any, ...]]:
        with in_session(None, self._engine) as execute:
            return execute(name, {"shard": self._shard, **values})
