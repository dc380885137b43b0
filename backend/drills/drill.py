"""One drill from start to report."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from backend.domain.errors import Unavailable
from backend.domain.jobs.job_state import JobState
from backend.drills import report
from backend.drills.callers import Callers
from backend.drills.harms import HARMS, Blow
from backend.drills.reconciling import Reconciling
from backend.drills.report import Report
from backend.drills.scene import Scene
from backend.drills.waiting import wait_while_it_grows

#: Seconds without any progress after which what has not ended is stuck; leases are much shorter.
_PATIENCE = 60.0
#: A blow is tried so often, a tenth of a second apart, while Redis cannot be asked.
_TRIES = 100


def run_drill(
    folder: Path,
    *,
    harm: str,
    jobs: int,
    blows: int,
    seed: int,
    say: Callable[[str], None],
    hold_seconds: float = 10.0,  # how long a refusal lasts
    lease_seconds: float = 3.0,  # how long a lease does
    repair: bool = False,
) -> Report:
    """Starts a deployment, hurts it ``blows`` times while ``jobs`` run, and counts.

    With ``repair`` the ledger is reconciled and repaired all the time; that needs a record in any case.
    """
    scene = Scene.open(
        folder,
        seed=seed,
        hold_seconds=hold_seconds,
        lease_seconds=lease_seconds,
        with_record=repair or HARMS[harm].with_record,
    )
    reconciling = Reconciling(scene.platform) if repair else None
    try:
        began = time.monotonic()
        with reconciling.at_work() if reconciling else nullcontext():
            may_repeat = _hurt(scene, harm, jobs=jobs, blows=blows, say=say)
        return report.count(
            scene,
            harm=harm,
            seed=seed,
            blows=blows,
            may_repeat=may_repeat,
            charges=HARMS[harm].charges,
            beside=reconciling,
            seconds=time.monotonic() - began,
        )
    finally:
        scene.close()


def _hurt(
    scene: Scene, harm: str, *, jobs: int, blows: int, say: Callable[[str], None]
) -> Counter[str]:
    """Everything until all jobs have ended, or stand still; how often each may have begun again."""
    scene.start_all()
    say("two supervisors with two processes each, two schedulers; jobs are being accepted")
    pause = HARMS[harm].pause_seconds
    may_repeat: Counter[str] = Counter()
    callers = Callers(scene, jobs=jobs, blows=blows, first_guess_seconds=2 + pause)
    with callers.at_work():
        wait_while_it_grows(lambda: _finished(scene), 1, _PATIENCE)
        for number in range(1, blows + 1):
            callers.next_blow()
            may_repeat.update(_strike(scene, harm, number, f"{number}/{blows}", say))
    wait_while_it_grows(scene.ended, len(scene.ids), _PATIENCE)
    return may_repeat


def _strike(
    scene: Scene, harm: str, number: int, title: str, say: Callable[[str], None]
) -> set[str]:
    """One blow, and the pause after it; which jobs may begin again because of it."""
    choices = HARMS[harm].blows
    blow = choices[(number - 1) % len(choices)]
    scene.missed.blow = f"blow {title}: {blow.__name__.replace('_', ' ')}"
    say(f"{scene.missed.blow}; {_finished(scene)} finished")
    may_repeat = _counted(scene, blow)
    time.sleep(HARMS[harm].pause_seconds * (0.5 + scene.dice.random()))
    return may_repeat


def _counted(scene: Scene, blow: Blow) -> set[str]:
    """A blow that falls while Redis is still starting is tried again: every blow must count."""
    for _ in range(_TRIES):
        try:
            return blow(scene)
        except Unavailable as error:
            refused = str(error)
            time.sleep(0.1)
    scene.missed.note(refused)
    return set()


def _finished(scene: Scene) -> int:
    try:
        inspection = scene.platform.inspection
        queues = inspection.queue_states(inspection.queue_names())
    except Unavailable:
        return 0
    return sum(queue.counts.get(JobState.FINISHED, 0) for queue in queues)
