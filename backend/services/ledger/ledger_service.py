"""The ledger: proves that every accepted job is accounted for, names those that are not, mends them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from backend.domain.errors import IllegalMove
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.quota import QuotaBook
from backend.domain.ledger.control import Control, ControlDifference
from backend.domain.ledger.ledger import (
    Fault,
    FaultKind,
    LedgerReport,
    QueueBalance,
    RebuildReport,
)
from backend.domain.ledger.ledger_judgement import WAITING
from backend.domain.ledger.ledger_ports import (
    LedgerRepair,
    LedgerStore,
    LedgerView,
    RestorableJob,
    Suspect,
)
from backend.domain.ledger.lost_control import lost_controls
from backend.services.ledger.ledger_look import Finding, SecondLook
from backend.services.ledger.ledger_mending import LedgerMender
from backend.services.ledger.quota_count import QuotaCount
from backend.telemetry.logs.logger import Logger

log = Logger("tally.ledger")

#: Suspects looked at together, and jobs made again together.
_SUSPECTS, _RESTORED = 1000, 500
#: Jobs of which is asked together whether a key may stand for them.
_LOOKED_AT = 10_000
#: Seconds that a key stands for its job at most: see `bounds`.
_LONGEST_WINDOW = 31_622_400.0
#: Faults that a report names; it counts all.
_NAMED = 1000
_MOST_UNKNOWN = 1000
#: Faults that show in the books of their queue.
_IN_THE_BOOKS = frozenset(
    set(FaultKind) - {FaultKind.MISSING_ROW, FaultKind.UNBALANCED, FaultKind.MISCOUNTED}
)


class Controls(Protocol):
    """What operators said, in both stores."""

    def differences(self) -> list[ControlDifference]:
        """Of what both say that something else holds."""

    def agree(self) -> list[Control]:
        """Carries each later word to the store that has not heard it; those that Redis had not."""


class Epochs(Protocol):
    """Above which version events are."""

    def lift(self) -> int:
        """Lifts them above all that is on record; above which version they are."""


class WindowWriter(Protocol):
    """The calendar of freezes."""

    def plan(self, fence: int) -> bool:
        """Writes the windows of every freeze; a ``fence`` of 0 is for who leads nothing."""


class _Noted:
    """What one reconciliation found, as its report and whoever is told have it."""

    def __init__(self, report: LedgerReport, tell: Callable[[Fault], None] | None) -> None:
        self.report = report
        self._tell = tell
        #: Queues whose books need not balance: something is wrong with their jobs that nobody put right.
        self.explained: set[str] = set()

    def add(self, faults: list[Fault]) -> None:
        """Takes what is wrong with one job, or with the books of a queue."""
        report = self.report
        for fault in faults:
            report.counts[fault.kind] = report.counts.get(fault.kind, 0) + 1
            report.repaired += fault.is_repaired
            if fault.kind in _IN_THE_BOOKS and not fault.is_repaired:
                self.explained.add(fault.queue)
            if len(report.faults) < _NAMED:
                report.faults.append(fault)
            if self._tell is not None:
                self._tell(fault)


class LedgerService:
    """Reconciles Redis with the record while both are in use. Takes memory for one page at a time."""

    def __init__(
        self,
        view: LedgerView,
        repair: LedgerRepair,
        store: LedgerStore,
        *,
        look: SecondLook,
        mender: LedgerMender,
        controls: Controls,
        freezes: WindowWriter,
        epochs: Epochs,
        quotas: QuotaBook,
        now: Callable[[], datetime],
    ) -> None:
        self._view = view
        self._repair = repair
        self._store = store
        self._look = look
        self._mender = mender
        self._controls = controls
        self._freezes = freezes
        self._epochs = epochs
        self._quotas = quotas
        self._now = now

    def balance(self) -> list[QueueBalance]:
        """The books of each queue, each at one moment, beside what waits or runs on record."""
        recorded = self._store.waiting_counts()
        return [
            balance._replace(
                recorded={state: recorded.get((balance.queue, state), 0) for state in WAITING}
            )
            for balance in self._view.balances()
        ]

    def reconcile(
        self, *, repair: bool = False, tell: Callable[[Fault], None] | None = None
    ) -> LedgerReport:
        """Finds, and with ``repair`` puts right, every job that is wrong; ``tell`` gets each fault.

        Jobs that move meanwhile raise no alarm: each suspect is looked at again when the recorder has
        caught up; without it no books are written off. Raises `IllegalMove` while another reconciliation
        is under way. What a repair tells is above all on record, also in a Redis that is older than that.
        """
        report = LedgerReport(self._now(), controls=self._controls.differences())
        noted = _Noted(report, tell)
        if repair:
            self._begin_repair(report)
        quotas = QuotaCount(self._quotas, repair=repair)
        with self._store.count() as count:
            for jobs in self._view.jobs():
                report.jobs += len(jobs)
                count.note_jobs(jobs)
                noted.add(quotas.among([job.job_id for job in jobs]))
            for entries in self._view.entries():
                report.entries += len(entries)
                count.note_entries(entries)
            for suspects in count.suspects(_SUSPECTS):
                looked = self._look.at(suspects)
                report.moved += looked.moved
                report.recorder_is_behind |= not looked.with_record
                for finding in looked.findings:
                    noted.add(self._settled(finding, repair=repair))
        for faults in quotas.counted():
            noted.add(faults)
        self._close_books(noted, repair=repair)
        report.ended_at = self._now()
        log.info(
            "ledger.reconciled",
            jobs=report.jobs,
            faults=sum(report.counts.values()),
            repaired=report.repaired,
            is_balanced=report.is_balanced,
        )
        return report

    def _begin_repair(self, report: LedgerReport) -> None:
        # Of whom neither store knows yet, nobody could tell that he is lost.
        report.recorder_is_behind = not self._look.recorder_catches_up()
        self._epochs.lift()
        if report.controls:
            self._controls.agree()

    def rebuild(self, *, even_if_used: bool = False) -> RebuildReport:
        """Makes every job again that the record says waits, runs or is dead, in an empty Redis.

        Each keeps its id, attempts and charged failures; what ran begins again, uncharged. Jobs
        that are there already stay as they are, so an interrupted rebuild is simply begun again
        with ``even_if_used``; then it waits for the recorder, for what the record says waits may
        have ended since, and raises `IllegalMove` if that does not catch up. Pauses and limits of
        the record hold again before any job is there, and so do freezes; of those that only the audit
        log knows of the report tells, to be set before workers start.
        """
        if not even_if_used and not self._view.is_empty():
            raise IllegalMove(
                "there are jobs in Redis: look at `tally reconcile`, or rebuild all the same if "
                "they belong to a rebuild that was interrupted"
            )
        self._epochs.lift()
        held = [word for word in self._controls.agree() if word.value]
        self._freezes.plan(fence=0)
        report, after = RebuildReport(controls=held), (0, "")
        while page := self._store.waiting(after, _RESTORED):
            ids = [job_id for _, job_id in page]
            jobs = self._lost(ids) if even_if_used else self._store.restorable(ids)
            made = self._mender.restore(jobs, count=True)
            for job, is_new in zip(jobs, made, strict=True):
                _note_restored(report, job, is_new=is_new)
            report.present += len(ids) - len(jobs)
            after = page[-1]
        report.recalled = self.recall()
        report.unknown = self._store.unaccepted(_MOST_UNKNOWN)
        report.sent_again = self._store.send_again(self._unsent() if even_if_used else None)
        report.lost_controls = lost_controls(self._store.said_of_controls(), self._view.controls())
        version = self._store.last_version()
        if version:
            report.recovery_point = datetime.fromtimestamp((version >> 20) / 1000, UTC)
        return report

    def _lost(self, job_ids: list[str]) -> list[RestorableJob]:
        """Those of the jobs that Redis does not know, and whose end is not still to be recorded."""
        looked = self._look.at([Suspect(job_id, by_list=False) for job_id in job_ids])
        _refuse_unless(looked.with_record)
        return self._mender.as_judged(
            [
                finding.evidence
                for finding in looked.findings
                if FaultKind.LOST in {fault.kind for fault in finding.faults}
            ]
        )

    def _unsent(self) -> list[str]:
        """Jobs of the outbox that were sent, and have not come to the record by now."""
        sent = self._store.sent_unrecorded()
        _refuse_unless(not sent or self._look.recorder_catches_up())
        return sent

    def recall(self) -> int:
        """Makes finished jobs known again that Redis has lost and a key still stands for; how many.

        Behind those that wait: of two with one key theirs is the later word. Reads the record of a year.
        """
        recalled, after = 0, (self._since(_LONGEST_WINDOW), "")
        while page := self._store.accepted(after, _LOOKED_AT):
            keyed = [job_id for _, job_id, may_have_key in page if may_have_key]
            for at in range(0, len(keyed), _RESTORED):
                jobs = self._store.restorable(keyed[at : at + _RESTORED])
                recalled += self._mender.recall(jobs)
            after = page[-1][:2]
        return recalled

    def _since(self, seconds: float) -> int:
        """The least position of a job that was accepted so many seconds ago."""
        return int((self._now().timestamp() - seconds) * 1000) << 20

    def _settled(self, finding: Finding, *, repair: bool) -> list[Fault]:
        return self._mender.mend(*finding) if repair else finding.faults

    def _close_books(self, noted: _Noted, *, repair: bool) -> None:
        may_write_off = repair and not noted.report.recorder_is_behind
        for balance in self._view.balances():
            if balance.difference and balance.queue not in noted.explained:
                more = "more" if balance.difference > 0 else "fewer"
                detail = f"{abs(balance.difference)} {more} accepted than there are"
                done = may_write_off and self._repair.write_off(balance)
                fault = Fault(FaultKind.UNBALANCED, "", balance.queue, detail, is_repaired=done)
                noted.add([fault])
        noted.report.balances = self.balance()


def _refuse_unless(with_record: bool) -> None:
    if not with_record:
        raise IllegalMove(
            "the recorder is behind what has happened in Redis since, so nobody can tell what has "
            "ended: see that it runs (`tally recorder`), and rebuild again when it has caught up"
        )


def _note_restored(report: RebuildReport, job: RestorableJob, *, is_new: bool) -> None:
    if not is_new:
        report.present += 1
        return
    state = JobState.CANCELED if job.cancel_asked_by else job.state
    report.restored[state] = report.restored.get(state, 0) + 1
    report.interrupted += bool(job.open_fence) and state == JobState.QUEUED
