"""One drill from start to report."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from backend.domain.errors import Unavailable
from backend.drills import report
from backend.drills.harm import HARMS
from backend.drills.report import Report
from backend.drills.scene import Scene

#: Seconds everything has to settle after the last blow; leases in a drill live three.
_PATIENCE = 120.0


def run_drill(
    folder: Path, *, harm: str, jobs: int, blows: int, seed: int, say: Callable[[str], None]
) -> Report:
    """Starts a deployment, hurts it ``blows`` times while ``jobs`` run, and counts."""
    scene = Scene.open(folder, seed)
    try:
        return _run(scene, harm=harm, jobs=jobs, blows=blows, seed=seed, say=say)
    finally:
        scene.close()


def _run(
    scene: Scene, *, harm: str, jobs: int, blows: int, seed: int, say: Callable[[str], None]
) -> Report:
    began = time.monotonic()
    for _ in range(2):
        scene.start_scheduler()
        scene.start_supervisor(processes=2, slots=4)
    portion = -(-jobs // (blows + 1))
    ids = scene.accept(portion)
    say("two supervisors with two processes each, two schedulers; the first jobs are accepted")
    _wait_until(lambda: _finished(scene) > 0, _PATIENCE)
    in_flight = 0
    for number in range(1, blows + 1):
        ids += scene.accept(min(portion, jobs - len(ids)))
        in_flight += _strike(scene, harm, f"{number}/{blows}", number, say)
    _wait_until(lambda: _ended(scene) >= len(ids), _PATIENCE)
    return report.count(
        scene,
        harm=harm,
        seed=seed,
        ids=ids,
        blows=blows,
        in_flight=in_flight,
        seconds=time.monotonic() - began,
    )


def _strike(scene: Scene, harm: str, title: str, number: int, say: Callable[[str], None]) -> int:
    """One blow, and the pause after it; how many jobs were in flight."""
    choices, pause = HARMS[harm]
    blow = choices[(number - 1) % len(choices)]
    in_flight = _counted(scene, blow)
    say(f"blow {title}: {blow.__name__.replace('_', ' ')}; {_finished(scene)} finished")
    time.sleep(pause * (0.5 + scene.dice.random()))
    return in_flight


def _counted(scene: Scene, blow: Callable[[Scene], int]) -> int:
    """A blow that falls while Redis is still starting is tried again: every blow must count."""
    for _ in range(20):
        try:
            return blow(scene)
        except Unavailable:
            time.sleep(0.1)
    return blow(scene)


def _books(scene: Scene, *states: str) -> int:
    try:
        inspection = scene.platform.inspection
        queues = inspection.queue_states(inspection.queue_names())
    except Unavailable:
        return 0
    return sum(
        number for queue in queues for state, number in queue.counts.items() if state in states
    )


def _finished(scene: Scene) -> int:
    return _books(scene, "finished")


def _ended(scene: Scene) -> int:
    return _books(scene, "finished", "failed", "canceled")


def _wait_until(condition: Callable[[], bool], patience: float) -> None:
    deadline = time.monotonic() + patience
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
