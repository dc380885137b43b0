"""Drains in front of a small and of a large backlog, in turn: both servers are up, and neither is fresh."""

from __future__ import annotations

from benchmarks.side_by_side.measures import Figures, paced
from benchmarks.side_by_side.stage import Stage
from benchmarks.side_by_side.worker_processes import running

SMALL, LARGE = 60_000, 1_000_000
_DRAINED = 30_000


def backlog(shallow: Stage, deep: Stage) -> Figures:
    """One round. The large backlog is made in the first and filled up in each."""
    small, large = shallow.jobs(SMALL), deep.jobs(LARGE)
    drained = shallow.jobs(_DRAINED)
    shallow.clear()
    shallow.fill("noop", small)
    figures = _pace(shallow, "shallow", drained)
    missing = large - int(deep.driver.ask("waiting"))
    deep.fill("noop", missing)
    figures |= _pace(deep, "deep", drained)
    return figures | {"deep_of_shallow": figures["deep"] / figures["shallow"]}


def _pace(at: Stage, name: str, jobs: int) -> Figures:
    at.servers.rewrite(at.entrant.server)
    at.notes.empty()
    with running(at.driver, at.workers("noop", 1)) as workers:
        return paced(at, workers, name, jobs // 10, jobs)
