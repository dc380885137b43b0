"""Gives back the jobs of dead worker processes; waits for Redis while it does not serve."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backend.domain.jobs.attempts.verdict import judge
from backend.domain.ports import LeaseBook
from backend.telemetry.logs.logger import Logger
from backend.telemetry.outages import Outages, Wait
from workers.runtime.supervision.rescue_spec import Burial

log = Logger("tally.supervisor")


class Rescue:
    """Of some worker processes of one supervisor."""

    def __init__(self, book: LeaseBook, forget: Callable[[str], None]) -> None:
        """``forget`` takes away the record of a process that has ended."""
        self._book = book
        self._forget = forget
        self._rescuing = Wait(Outages(), "rescuing the jobs of dead processes")

    def run(self, burials: Sequence[Burial], is_to_end: Callable[[float], bool]) -> bool:
        """Tries until all is done; whether it is. ``is_to_end`` waits some seconds, then says so."""
        for burial in burials:
            while (pause := self._try(burial)) is not None:
                if is_to_end(pause):
                    return False
        return True

    def _try(self, burial: Burial) -> float | None:
        """None if it is done, else the seconds until the next try."""
        try:
            rescued = judge(self._book.of_worker(burial.worker), burial.death)
            self._book.rescue(rescued, only_expired=False)
        except Exception as error:  # noqa: BLE001 - told by the outages
            return self._rescuing.failed(error)
        self._rescuing.over()
        if rescued:
            cause = burial.death.cause
            log.warning("worker.rescued", worker=burial.worker, jobs=len(rescued), cause=cause)
        self._forget_record(burial.worker)
        return None

    def _forget_record(self, worker: str) -> None:
        """Else the dead are counted as alive until their records run out, most of all in a crash loop."""
        try:
            self._forget(worker)
        except Exception as error:  # noqa: BLE001 - it runs out by itself
            log.debug("worker.record_left", worker=worker, error=str(error))
