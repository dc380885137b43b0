"""The sealer: an anchor is kept sooner or later and holds up no other, and none below a higher one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from backend.domain.audit.audit_chain import ChainHead
from backend.history.audit.anchor_file import AnchorFile
from backend.loops.leader import Leader
from backend.loops.sealer import Sealer
from backend.memory.standing_clock import StandingClock

_HEAD = ChainHead(7, b"seven")


class _Chain:
    """One that has a head, and nothing to seal."""

    def __init__(self, head: ChainHead | None = _HEAD) -> None:
        self.now = head

    def head(self) -> ChainHead | None:
        return self.now

    def seal_next(self, *_: Any) -> None:
        return None

    def recorded(self) -> int:
        return 1


class _FullOnce:
    """Its disk is full at the first try."""

    def __init__(self) -> None:
        self.tries = 0
        self.heads: dict[str, ChainHead] = {}
        self.names: list[str] = []

    def keep(self, chain: str, head: ChainHead) -> None:
        self.tries += 1
        if self.tries == 1:
            raise OSError(28, "No space left on device")
        self.heads[chain] = head
        self.names.append(chain)

    def kept(self, chain: str) -> Iterator[ChainHead]:
        return iter(())

    def highest(self, chain: str) -> ChainHead | None:
        return self.heads.get(chain)


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


def _anchoring(tmp_path: Path, kept: ChainHead) -> tuple[_Chain, Sealer, StandingClock, AnchorFile]:
    chain, clock, anchor = _Chain(), StandingClock(), AnchorFile(tmp_path / "anchor.jsonl")
    anchor.keep("audit_log", kept)
    beside = cast(Any, _Chain(None))
    sealer = Sealer(
        beside, cast(Any, chain), beside, clock, leader=cast(Leader, None), anchor=anchor
    )
    return chain, sealer, clock, anchor


@pytest.mark.parametrize(
    "cut", [None, ChainHead(9, b"nine"), ChainHead(10, b"another")], ids=["all", "lower", "another"]
)
def test_no_head_is_anchored_that_falls_short_of_the_highest(
    tmp_path: Path, cut: ChainHead | None
) -> None:
    """A later verification would be told that all is there."""
    chain, sealer, clock, anchor = _anchoring(tmp_path, ChainHead(10, b"ten"))
    chain.now = cut

    with capture_logs() as lines:
        sealer.act()
        clock.move(60.0)
        sealer.act()

    number, found = cut or ChainHead(0, bytes(32))
    assert lines == [
        {
            "event": "chain.behind_anchor",
            "log_level": "error",
            "chain": "audit_log",
            "number": number,
            "hash": found.hex(),
            "anchored": 10,
            "anchored_hash": b"ten".hex(),
        }
    ]
    assert list(anchor.kept("audit_log")) == [ChainHead(10, b"ten")]


def test_heads_are_anchored_again_where_a_chain_is_longer_or_another_file_began(
    tmp_path: Path,
) -> None:
    chain, sealer, clock, anchor = _anchoring(tmp_path, ChainHead(10, b"ten"))
    chain.now = ChainHead(11, b"eleven")
    sealer.act()
    assert anchor.highest("audit_log") == chain.now

    (tmp_path / "anchor.jsonl").rename(tmp_path / "before-restore.jsonl")
    chain.now = ChainHead(8, b"eight")
    clock.move(60.0)
    sealer.act()

    assert list(anchor.kept("audit_log")) == [ChainHead(8, b"eight")]


def test_a_chain_that_gets_shorter_is_told_where_no_file_is_set() -> None:
    chain, clock = cast(Any, _Chain()), StandingClock()
    sealer = Sealer(chain, chain, chain, clock, leader=cast(Leader, None))
    sealer.act()
    chain.now = ChainHead(6, b"six")
    clock.move(60.0)

    with capture_logs() as lines:
        sealer.act()

    assert [line["event"] for line in lines] == ["chain.behind_anchor"] * 2
