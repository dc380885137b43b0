"""The second look of the ledger, taken twice: tells what is wrong from what has only moved."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from backend.domain.events.outbox_ports import EventProgress
from backend.domain.jobs.job_state import JobState
from backend.domain.ledger.ledger import Fault, FaultKind, LiveFacts, Places, RecordedFacts
from backend.domain.ledger.ledger_judgement import Evidence, faults_of
from backend.domain.ledger.ledger_ports import LedgerStore, LedgerView, Suspect

_LOOK_AGAIN = 0.02
_BY_LIST = frozenset({FaultKind.GHOST, FaultKind.DOUBLED, FaultKind.STRAY, FaultKind.STUCK})


class Finding(NamedTuple):
    """What is wrong with one job, and what shows it."""

    evidence: Evidence
    faults: list[Fault]


class Looked(NamedTuple):
    """What looking again at a page of suspects gave."""

    findings: list[Finding]
    #: Suspects that were on the move and are therefore alive.
    moved: int
    #: Whether the record could be held against Redis: the recorder had caught up.
    with_record: bool


class SecondLook:
    """Judges a job only if nothing about it changed while everything about it was read, twice.

    Redis is read, then the recorder is waited for until it has passed that moment, then the record is
    read, then the lists, then Redis again. A job whose facts are the same before and after stood still
    all the while, so what was read in between belongs together. What lists hold is counted in the step
    that reads the facts once more: a job that is claimed between the two is in no list and well. Whatever
    is found wrong is looked at a second time, and named if it is still the same.
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
        looked = self._look(suspects)
        if not looked.findings:
            return looked
        wrong = {finding.evidence.live.job_id for finding in looked.findings}
        again = self._look([suspect for suspect in suspects if suspect.job_id in wrong])
        confirmed = _confirmed(looked.findings, again.findings)
        gone = len(looked.findings) - len(confirmed)
        return Looked(confirmed, looked.moved + gone, looked.with_record and again.with_record)

    def recorder_catches_up(self) -> bool:
        """Waits until all that has happened in Redis until now is on record; False if it takes too long."""
        head, end = self._progress.head(), self._monotonic() + self._patience
        while True:
            recorded = self._progress.recorded()
            if recorded is None or recorded >= head:
                return True
            if self._monotonic() >= end:
                return False
            self._pause(_LOOK_AGAIN)

    def _look(self, suspects: Sequence[Suspect]) -> Looked:
        ids = [suspect.job_id for suspect in suspects]
        first = self._view.facts(ids)
        with_record = self.recorder_catches_up()
        recorded, sent = self._store.recorded(ids), self._store.sent(ids)
        payloads = self._payloads(first, recorded)
        still = _unchanged(first, self._view.facts(ids))
        by_list = {suspect.job_id for suspect in suspects if suspect.by_list} & still.keys()
        places = self._view.places([still[job_id] for job_id in by_list]) if by_list else {}
        judged: list[Finding] = []
        for job_id, live in still.items():
            found = places.get(job_id, _as_expected(live))
            evidence = Evidence(
                live, found, recorded.get(job_id), job_id in sent, payloads.get(job_id)
            )
            judged += self._judge(evidence, with_record=with_record)
        wrong = [finding for finding in judged if finding.faults]
        return Looked(wrong, len(ids) - len(judged), with_record)

    def _payloads(
        self, live: dict[str, LiveFacts], recorded: dict[str, RecordedFacts]
    ) -> dict[str, str | None]:
        """What jobs would run with that got another payload on record; no step can change one unmarked."""
        return {
            job_id: self._view.payload(job_id)
            for job_id, said in recorded.items()
            if said.changed_payload and live[job_id].state
        }

    def _judge(self, evidence: Evidence, *, with_record: bool) -> list[Finding]:
        """The finding, with or without faults; none when the job moved before it could be judged."""
        faults = faults_of(evidence, with_record=with_record)
        if _BY_LIST & {fault.kind for fault in faults}:
            exact = self._view.recount(evidence.live, evidence.places)
            if exact is None:
                return []
            evidence = evidence._replace(places=exact)
            faults = faults_of(evidence, with_record=with_record)
        return [Finding(evidence, faults)]


def _unchanged(before: dict[str, LiveFacts], after: dict[str, LiveFacts]) -> dict[str, LiveFacts]:
    return {job_id: facts for job_id, facts in before.items() if after[job_id] == facts}


def _confirmed(first: Sequence[Finding], second: Sequence[Finding]) -> list[Finding]:
    """What the second look found as the first had: the same faults of a job that stood still."""
    before = {finding.evidence.live: finding.faults for finding in first}
    return [finding for finding in second if before.get(finding.evidence.live) == finding.faults]


def _as_expected(live: LiveFacts) -> Places:
    return {live.home: 1} if live.state == JobState.QUEUED else {}
