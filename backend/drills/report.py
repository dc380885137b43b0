"""What became of every job of a drill, counted from three sides: what was accepted, done, and on record."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from backend.domain.job_state import JobState
from backend.drills.scene import Scene

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a drill. It is passed when nothing is lost, stuck, or out of balance."""

    harm: str
    seed: int
    accepted: int
    finished: int
    failed: int
    #: Accepted, but neither final nor anywhere on its way; or finished without its effect.
    lost: int
    #: Not final, though everything had time to be.
    stuck: int
    #: Effects beyond the first of each job, and how many there may be: jobs in flight at the blows.
    duplicated_effects: int
    in_flight_at_blows: int
    blows: int
    #: By how much the books of all queues are out together.
    imbalance: int
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every promise held."""
        return not (
            self.lost
            or self.stuck
            or self.imbalance
            or self.failed
            or self.duplicated_effects > self.in_flight_at_blows
        )

    def to_dict(self) -> dict[str, Any]:
        """The figures for programs."""
        return {**asdict(self), "passed": self.passed}


def count(
    scene: Scene,
    *,
    harm: str,
    seed: int,
    ids: list[str],
    blows: int,
    in_flight: int,
    seconds: float,
) -> Report:
    """Counts what became of the jobs."""
    states = _states(scene, ids)
    effects = Counter(scene.effects.read_text(encoding="ascii").split())
    final = {job_id for job_id, state in states.items() if state.is_final}
    finished = [job_id for job_id, state in states.items() if state is JobState.FINISHED]
    inspection = scene.platform.inspection
    queues = inspection.queue_states(inspection.queue_names())
    return Report(
        harm=harm,
        seed=seed,
        accepted=len(ids),
        finished=len(finished),
        failed=sum(state is JobState.FAILED for state in states.values()),
        lost=len(ids) - len(states) + sum(1 for job_id in finished if not effects[job_id]),
        stuck=len(states) - len(final),
        duplicated_effects=sum(number - 1 for number in effects.values()),
        in_flight_at_blows=in_flight,
        blows=blows,
        imbalance=sum(abs(queue.difference) for queue in queues),
        seconds=round(seconds, 1),
    )


def _states(scene: Scene, ids: list[str]) -> dict[str, JobState]:
    states: dict[str, JobState] = {}
    for at in range(0, len(ids), _PAGE):
        jobs = scene.platform.inspection.jobs(ids[at : at + _PAGE])
        states.update((job.id, job.state) for job in jobs)
    return states
