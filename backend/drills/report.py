"""What became of every job of a drill, counted from all sides: accepted, done, in the books, on record."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from backend.bootstrap.record_parts import event_stream
from backend.broker.ledger.ledger_view import RedisLedgerView
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState
from backend.domain.ledger.ledger import Fault
from backend.drills.reconciling import Reconciling, last_reconciliation
from backend.drills.scene import Scene
from backend.drills.waiting import wait_while_it_grows
from backend.services.health.looked_at_books import imbalances

_PAGE = 500
#: Seconds that a recorder may take for nothing at all before it counts as stuck.
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a drill. It is passed when nothing is lost, stuck, or out of balance."""

    harm: str
    seed: int
    accepted: int
    finished: int
    failed: int
    #: Nobody cancels in a drill, and no job of it expires.
    canceled: int
    #: Accepted, but neither final nor anywhere on its way; or finished without its effect.
    lost: int
    #: Not final, though everything had time to be.
    stuck: int
    #: Effects beyond the first of each job, and how many there may be: jobs that were in flight at blows
    #: that let them begin again, each once a blow.
    duplicated_effects: int
    in_flight_at_blows: int
    #: Those of jobs that were not, or more often than that.
    wrongly_repeated: int
    blows: int
    #: Which of them fell on nobody, or were felt by nobody.
    missed: list[str]
    #: Attempts that jobs were charged for what they had no part in; counted where that is all there is.
    wrongly_charged: int
    #: By how much the books of all queues are out together.
    imbalance: int
    #: Of those that the drill itself did nothing to.
    processes_ended: list[str]
    #: Where Redis and the record differ in the end; none without a record.
    record_faults: list[str]
    #: How often Redis refused what, since it was started last.
    refusals: dict[str, int]
    #: How often reconciliation ran beside the drill, and what it called wrong.
    reconciliations: int
    false_alarms: list[str]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every promise held."""
        return not (
            self.lost
            or self.stuck
            or self.imbalance
            or self.failed
            or self.canceled
            or self.wrongly_charged
            or self.wrongly_repeated
            or self.missed
            or self.processes_ended
            or self.record_faults
            or self.false_alarms
        )

    def to_dict(self) -> dict[str, Any]:
        """The figures for programs."""
        return {**asdict(self), "passed": self.passed}


def count(
    scene: Scene,
    *,
    harm: str,
    seed: int,
    blows: int,
    may_repeat: Counter[str],
    charges: bool,
    beside: Reconciling | None,
    seconds: float,
) -> Report:
    """Counts what became of the jobs, which may have begun again so often, and maybe been charged."""
    jobs = _jobs(scene)
    ends = Counter(job.state for job in jobs.values())
    effects = Counter(scene.effects.read_text(encoding="ascii").split())
    return Report(
        harm=harm,
        seed=seed,
        accepted=len(scene.ids),
        finished=ends[JobState.FINISHED],
        failed=ends[JobState.FAILED],
        canceled=ends[JobState.CANCELED],
        lost=len(scene.ids) - len(jobs) + _without_effect(jobs, effects),
        stuck=sum(number for state, number in ends.items() if not state.is_final),
        duplicated_effects=sum(number - 1 for number in effects.values()),
        in_flight_at_blows=may_repeat.total(),
        wrongly_repeated=_wrongly_repeated(effects, may_repeat),
        blows=blows,
        missed=_missed(scene, beside),
        wrongly_charged=0 if charges else sum(job.failures for job in jobs.values()),
        imbalance=_imbalance(scene),
        processes_ended=scene.processes.ended_unasked(),
        record_faults=_record_faults(scene) if scene.with_record else [],
        refusals=scene.refusals(),
        reconciliations=beside.done if beside else 0,
        false_alarms=[_in_words(fault) for fault in beside.named] if beside else [],
        seconds=round(seconds, 1),
    )


def _missed(scene: Scene, beside: Reconciling | None) -> list[str]:
    never = ["the ledger was not reconciled once beside it"] if beside and not beside.done else []
    return [*scene.missed.told, *never]


def _without_effect(jobs: dict[str, JobView], effects: Counter[str]) -> int:
    finished = [job_id for job_id, job in jobs.items() if job.state is JobState.FINISHED]
    return sum(not effects[job_id] for job_id in finished)


def _imbalance(scene: Scene) -> int:
    inspection = scene.platform.inspection
    queues = inspection.queue_states(inspection.queue_names())
    books = scene.platform.home.part(RedisLedgerView)
    return sum(map(abs, imbalances(queues, books).values()))


def _wrongly_repeated(effects: Counter[str], may_repeat: Counter[str]) -> int:
    return sum(max(0, number - 1 - may_repeat[job_id]) for job_id, number in effects.items())


def _jobs(scene: Scene) -> dict[str, JobView]:
    found: dict[str, JobView] = {}
    for at in range(0, len(scene.ids), _PAGE):
        jobs = scene.platform.inspection.jobs(scene.ids[at : at + _PAGE])
        found.update((job.id, job) for job in jobs)
    return found


def _record_faults(scene: Scene) -> list[str]:
    """What the ledger names when the recorders have had time to catch up."""
    stream = event_stream(scene.platform, "drill")
    if not wait_while_it_grows(lambda: -stream.lag().events, 0, _PATIENCE):
        return [f"{stream.lag().events} events are not on record"]
    return [_in_words(fault) for fault in last_reconciliation(scene.platform).faults]


def _in_words(fault: Fault) -> str:
    return " ".join(filter(None, (fault.kind, fault.job_id, fault.queue, fault.detail)))
