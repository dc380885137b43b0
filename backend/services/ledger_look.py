"""The second look of the ledger: tells what is wrong from what has only moved."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from backend.domain.job_state import JobState
from backend.domain.ledger import Fault, FaultKind, LiveFacts, Places
from backend.domain.ledger_judgement import Evidence, faults_of
from backend.domain.ledger_ports import LedgerStore, LedgerView, Suspect
from backend.domain.outbox_ports import EventProgress

_LOOK_AGAIN = 0.02
#: Jobs of one page whose lists are counted one by one, at one moment each; more would hold Redis up.
_RECOUNTS = 200
_BY_LIST = frozenset({FaultKind.GHOST, FaultKind.DOUBLED, FaultKind.STRAY, FaultKind.STUCK})


class Finding(NamedTuple):
    """What is wrong with one job, and what shows it."""

    evidence: Evidence
    faults: list[Fault]


class Looked(NamedTuple):
    """What a second look at a page of suspects gave."""

    findings: list[Finding]
    #: Suspects that were on the move and are therefore alive.
    moved: int
    #: Whether the record could be held against Redis: the recorder had caught up.
    with_record: bool


class SecondLook:
    """Judges a job only if nothing about it changed while everything about it was read.

    Redis is read, then the recorder is waited for until it has passed that moment, then the record is
    read, then the lists, then Redis again. A job whose facts are the same before and after stood still
    all the while, so what was read in between belongs together.
    """

    def __init__(
        self,
        view: LedgerView,
        store: LedgerStore,
        progress: EventProgress,
        *,
        patience: float,
        monotonic: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """``patience`` is how many seconds the recorder may take to catch up."""
        self._view = view
        self._store = store
        self._progress = progress
        self._patience = patience
        self._monotonic = monotonic
        self._pause = pause

    def at(self, suspects: Sequence[Suspect]) -> Looked:
        """Looks again at one page of suspects."""
        ids = [suspect.job_id for suspect in suspects]
        first = self._view.facts(ids)
        with_record = self._recorder_catches_up()
        recorded, sent = self._store.recorded(ids), self._store.sent(ids)
        still = _unchanged(first, self._view.facts(ids))
        by_list = {suspect.job_id for suspect in suspects if suspect.by_list} & still.keys()
        places = self._view.places([still[job_id] for job_id in by_list]) if by_list else {}
        if places:
            still = _unchanged(still, self._view.facts(list(still)))
        evidence = [
            Evidence(
                live, places.get(job_id, _as_expected(live)), recorded.get(job_id), job_id in sent
            )
            for job_id, live in still.items()
        ]
        findings = self._judge(evidence, with_record=with_record)
        return Looked(findings, len(ids) - len(still), with_record)

    def _judge(self, page: Sequence[Evidence], *, with_record: bool) -> list[Finding]:
        findings: list[Finding] = []
        for evidence in page:
            faults = faults_of(evidence, with_record=with_record)
            if _BY_LIST & {fault.kind for fault in faults} and len(findings) < _RECOUNTS:
                exact = self._view.recount(evidence.live, evidence.places)
                evidence = evidence._replace(places=exact)  # noqa: PLW2901 - the same, seen better
                faults = faults_of(evidence, with_record=with_record)
            if faults:
                findings.append(Finding(evidence, faults))
        return findings

    def _recorder_catches_up(self) -> bool:
        head, end = self._progress.head(), self._monotonic() + self._patience
        while True:
            recorded = self._progress.recorded()
            if recorded is None or recorded >= head:
                return True
            if self._monotonic() >= end:
                return False
            self._pause(_LOOK_AGAIN)


def _unchanged(before: dict[str, LiveFacts], after: dict[str, LiveFacts]) -> dict[str, LiveFacts]:
    return {job_id: facts for job_id, facts in before.items() if after[job_id] == facts}


def _as_expected(live: LiveFacts) -> Places:
    return {live.home: 1} if live.state == JobState.QUEUED else {}
