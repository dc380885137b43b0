"""The sealer: an anchor that could not be kept is kept later, and holds up no other."""

from __future__ import annotations

from typing import Any, cast

import pytest

from backend.domain.audit.audit_chain import ChainHead
from backend.loops.leader import Leader
from backend.loops.sealer import Sealer
from backend.memory.standing_clock import StandingClock

_HEAD = ChainHead(7, b"seven")


class _Chain:
    """One that has a head, and nothing to seal."""

    def head(self) -> ChainHead:
        return _HEAD

    def seal_next(self, *_: Any) -> None:
        return None

    def recorded(self) -> int:
        return 1


class _FullOnce:
    """Its disk is full at the first try."""

    def __init__(self) -> None:
        self.tries = 0
        self.names: list[str] = []

    def keep(self, chain: str, head: ChainHead) -> None:
        self.tries += 1
        if self.tries == 1:
            raise OSError(28, "No space left on device")
        self.names.append(chain)

    def kept(self, chain: str) -> ChainHead | None:
        return None


def test_an_anchor_that_could_not_be_kept_is_kept_at_the_next_look() -> None:
    chain, clock, anchor = cast(Any, _Chain()), StandingClock(), _FullOnce()
    sealer = Sealer(chain, chain, chain, clock, leader=cast(Leader, None), anchor=anchor)

    with pytest.raises(OSError, match="No space left"):
        sealer.act()
    assert anchor.names == ["job_event_seals"], "the other chain is not left out"

    for _ in range(2):
        clock.move(60.0)
        sealer.act()
    assert anchor.names == ["job_event_seals", "audit_log"]
