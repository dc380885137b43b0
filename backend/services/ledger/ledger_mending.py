"""Puts right what the ledger found wrong, as far as it can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.job_type import JobTypeCatalogue
from backend.domain.jobs.options.follow_ups import FOLLOW, LEAST_RESULT_TTL
from backend.domain.jobs.options.job_terms import terms_of
from backend.domain.ledger.ledger import Fault, stream_id_of
from backend.domain.ledger.ledger_attestation import attestation_for
from backend.domain.ledger.ledger_judgement import (
    Evidence,
    Remedy,
    has_other_payload,
    remedies_for,
    still_runs,
)
from backend.domain.ledger.ledger_ports import (
    LedgerRepair,
    LedgerStore,
    LedgerView,
    RestorableJob,
    Seat,
)
from backend.services.jobs.job_intake import IntakeRules
from backend.telemetry.logs.logger import Logger

log = Logger("tally.ledger")


class LedgerMender:
    """Every change looks again, in the step that makes it, whether the job is still as it was seen."""

    def __init__(
        self,
        view: LedgerView,
        repair: LedgerRepair,
        store: LedgerStore,
        catalogue: JobTypeCatalogue,
        *,
        now: Callable[[], datetime],
        lease: float,
        rules: IntakeRules,
    ) -> None:
        """``lease`` is how many seconds a worker has to show that it still runs a job without one.

        ``rules`` hold for what neither a job nor its type says.
        """
        self._view = view
        self._repair = repair
        self._store = store
        self._catalogue = catalogue
        self._now = now
        self._lease = lease
        self._rules = rules

    def mend(self, evidence: Evidence, faults: list[Fault]) -> list[Fault]:
        """Applies the remedies for one job; its faults, marked with whether they are repaired."""
        remedies = remedies_for(evidence, faults)
        done = bool(remedies)
        for remedy in remedies:
            done = done and self._apply(remedy, evidence)
        log.info("ledger.mended", job_id=evidence.live.job_id, remedies=remedies, done=done)
        return [fault._replace(is_repaired=done) for fault in faults]

    def restore(self, jobs: Sequence[RestorableJob], *, count: bool) -> list[bool]:
        """Makes jobs again from the record; which were not there."""
        return self._repair.restore([self._typed(job) for job in jobs], count=count)

    def recall(self, jobs: Sequence[RestorableJob]) -> int:
        """Makes finished jobs known again that a key still stands for; how many were not there."""
        return self._repair.recall([self._typed(job) for job in jobs])

    def _apply(self, remedy: Remedy, evidence: Evidence) -> bool:
        remedies: dict[Remedy, Callable[[Evidence], bool]] = {
            Remedy.RESEAT: lambda seen: self._reseat(seen, seen.live.state),
            Remedy.FOLLOW_RECORD: lambda seen: self._reseat(seen, _target(seen)),
            Remedy.SEND_AGAIN: lambda seen: self._store.send_again([seen.live.job_id]) > 0,
            Remedy.RESTORE: self._restore,
            Remedy.REMAKE: self._remake,
            Remedy.TAKE_OUT: lambda seen: self._repair.remake(
                seen.live, seen.places, None, has_checkpoint=False
            ),
            Remedy.REMIND: lambda seen: self._repair.remind(seen.live),
            Remedy.WRITE_ROW: self._write_row,
            Remedy.ATTEST: self._attest,
        }
        return remedies[remedy](evidence)

    def _reseat(self, evidence: Evidence, target: str) -> bool:
        recorded = evidence.recorded
        due = recorded.run_at if recorded and recorded.run_at else self._now()
        seat = Seat(
            target,
            int(due.timestamp() * 1000),
            self._lease,
            recorded.queue if recorded else "",
            stream_id_of(recorded.fence) if recorded and recorded.fence else "",
        )
        return self._repair.reseat(evidence.live, evidence.places, seat)

    def _restore(self, evidence: Evidence) -> bool:
        found = self.as_judged([evidence])
        return bool(found) and all(self.restore(found, count=False))

    def _remake(self, evidence: Evidence) -> bool:
        found = self.as_judged([evidence])
        return bool(found) and self._repair.remake(
            evidence.live,
            evidence.places,
            self._typed(found[0]),
            has_checkpoint=not has_other_payload(evidence),
        )

    def as_judged(self, seen: Sequence[Evidence]) -> list[RestorableJob]:
        """The jobs of the record; without those to which more has come since, or that nobody can run."""
        judged = {each.live.job_id: each.recorded for each in seen if each.recorded}
        found = self._store.restorable(judged.keys())
        return [job for job in found if job.version == judged[job.job.id].version]

    def _write_row(self, evidence: Evidence) -> bool:
        live = evidence.live
        try:
            contents = self._view.contents(live.job_id)
            return contents is not None and self._store.write_row(live, contents)
        except ValueError as error:
            log.warning("ledger.unwritable", job_id=live.job_id, error=str(error))
            return False

    def _attest(self, evidence: Evidence) -> bool:
        live = evidence.live
        if evidence.recorded is None:
            return False
        if live.state == JobState.STARTED:
            # The event that told it had the id which is its fence: it cannot come a second time.
            return self._store.note_started(live)
        attestation = attestation_for(live, evidence.recorded, self._view.outcome(live.job_id))
        return attestation is not None and self._repair.attest(live, attestation)

    def _typed(self, restorable: RestorableJob) -> RestorableJob:
        """With the terms of its type and of the deployment, where the record does not tell its own."""
        job, rules = restorable.job, self._rules
        terms, timeout, ttl = terms_of(job.options), job.timeout, rules.result_ttl
        if (kind := self._catalogue.look_up(job.job_type)) is not None:
            timeout = kind.timeout if terms.timeout is None else terms.timeout
            ttl = rules.result_ttl if kind.result_ttl is None else kind.result_ttl
        whole = job._replace(
            timeout=timeout,
            result_ttl=_kept(job, ttl if terms.result_ttl is None else terms.result_ttl),
            unique_window=terms.idempotency_window or rules.idempotency_window,
        )
        return replace(restorable, job=whole)


def _kept(job: NewJob, result_ttl: int) -> int:
    """For so many seconds: those that follow it ask for what came of it."""
    return max(result_ttl, LEAST_RESULT_TTL) if FOLLOW in job.options else result_ttl


def _target(evidence: Evidence) -> str:
    """The state to bring a job to that Redis is wrong about."""
    live, recorded = evidence.live, evidence.recorded
    if recorded is None:
        return JobState.QUEUED if live.state else ""
    if recorded.state == JobState.STARTED:
        return JobState.STARTED if still_runs(live, recorded) else JobState.QUEUED
    return JobState.QUEUED if recorded.state == JobState.DEFERRED else recorded.state
