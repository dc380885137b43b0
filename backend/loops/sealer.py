"""Seals job events stretch by stretch behind the recorder, and keeps the heads of both chains elsewhere.

A stretch is sealed when no event can come into it any more: the recorder is past it, and it is older
than clocks of two Redis servers in succession may differ.
"""

from __future__ import annotations

import structlog

from backend.domain.audit.audit_chain import NO_ROWS, ChainHead, shortfall
from backend.domain.audit.audit_ports import AnchorKeeper, AuditStore, SealStore
from backend.domain.events.outbox_ports import EventProgress
from backend.domain.ports import Clock
from backend.loops.leader import Leader
from backend.loops.led_loop import LedLoop

log = structlog.get_logger("tally.sealer")

_MOST_EVENTS = 20_000
_ANCHOR_EVERY = 60.0


class Sealer(LedLoop):
    """Seals while it leads. Each stretch is sealed once, whoever does: leading spares others the work."""

    name = "sealer"

    def __init__(
        self,
        seals: SealStore,
        audit: AuditStore,
        progress: EventProgress,
        clock: Clock,
        *,
        leader: Leader,
        anchor: AnchorKeeper | None = None,
        delay: float = 60.0,
        interval: float = 10.0,
    ) -> None:
        """``delay`` is the age in seconds from which events are sealed."""
        super().__init__(leader)
        self._chains: dict[str, AuditStore | SealStore] = {
            "audit_log": audit,
            "job_event_seals": seals,
        }
        self._seals = seals
        self._progress = progress
        self._clock = clock
        self._anchor = anchor
        self._delay = delay
        self._interval = interval
        self._anchor_at = 0.0
        self._anchored: dict[str, ChainHead] = {}
        self._behind: dict[str, ChainHead] = {}
        self.sealed = 0

    def act(self) -> float:
        """Seals one stretch; the wait is none while there is more."""
        seal = self._seals.seal_next(self._progress.recorded(), self._delay, _MOST_EVENTS)
        self._keep_heads()
        if seal is None:
            return self._interval
        self.sealed += seal.events
        return 0.0 if seal.events >= _MOST_EVENTS else self._interval

    def _keep_heads(self) -> None:
        now = self._clock.monotonic()
        if now < self._anchor_at:
            return
        self._anchor_at = now + _ANCHOR_EVERY
        faults = []
        for chain, store in self._chains.items():
            head = store.head() or NO_ROWS
            try:
                self._keep_head(chain, head)
            except OSError as full:
                # The other chain is kept first; this one is tried again at the next look.
                faults.append(full)
        if faults:
            raise faults[0]

    def _keep_head(self, chain: str, head: ChainHead) -> None:
        if self._anchor is None:
            kept = self._anchored.get(chain, NO_ROWS)
        else:
            kept = self._anchor.highest(chain) or NO_ROWS
        if shortfall(head, kept):
            self._tell_behind(chain, head, kept)
        elif head != kept:
            # The line itself is an anchor wherever logs are shipped away.
            log.info("chain.anchored", chain=chain, number=head.number, hash=head.hash.hex())
            if self._anchor is not None:
                self._anchor.keep(chain, head)
            self._anchored[chain] = head

    def _tell_behind(self, chain: str, head: ChainHead, kept: ChainHead) -> None:
        # Anchored, it would be what a chain that was cut off is compared with from then on.
        if self._behind.get(chain) != head:
            self._behind[chain] = head
            log.error(
                "chain.behind_anchor",
                chain=chain,
                number=head.number,
                hash=head.hash.hex(),
                anchored=kept.number,
                anchored_hash=kept.hash.hex(),
            )
