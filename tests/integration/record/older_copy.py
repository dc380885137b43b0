"""A copy of all that Redis holds, to which it goes back while the record goes on."""

from __future__ import annotations

from backend.broker.server import library
from backend.domain.access.actor import Actor
from backend.domain.ledger.ledger import LedgerReport
from backend.services.actions.action_log import ActionLog
from backend.services.actions.ledger import LedgerActions
from tests.integration.broker.audit import Audit
from tests.integration.record.bureau import Bureau

Copy = list[tuple[bytes, bytes, int]]


def take_copy(bureau: Bureau) -> Copy:
    """What a copy of now has, all of it on record."""
    bureau.record()
    redis = bureau.redis
    return [(key, redis.dump(key), max(0, redis.pttl(key))) for key in redis.scan_iter()]


def go_back(bureau: Bureau, copy: Copy) -> None:
    """Redis comes back with the copy; what happened since is on record."""
    bureau.record()
    bureau.redis.flushall()
    library.load(bureau.redis)
    for key, content, left in copy:
        bureau.redis.restore(key, left, content)
    bureau.epochs().lift()


def repair(bureau: Bureau) -> LedgerReport:
    """Puts right what the record knows better; then both say the same, and all in Redis fits."""
    report = LedgerActions(ActionLog(bureau.audit), bureau.ledger()).repair(Actor("ada"))
    bureau.record()
    after = bureau.ledger().reconcile()
    assert (after.faults, after.is_balanced) == ([], True)
    assert Audit(bureau.redis, bureau.keys).misfits() == []
    return report
