"""One entrant in front of its servers."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.side_by_side.driver_process import DriverProcess
from benchmarks.side_by_side.entrants import Entrant
from benchmarks.side_by_side.run_notes import RunNotes
from benchmarks.side_by_side.servers import Servers


class Stage(NamedTuple):
    """``scale`` is the share of the jobs of a full run."""

    entrant: Entrant
    driver: DriverProcess
    servers: Servers
    notes: RunNotes
    scale: float

    def jobs(self, full: int, least: int = 50) -> int:
        """How many for this entrant."""
        return max(least, round(full * self.scale * self.entrant.share))

    def clear(self) -> None:
        """Nothing waits and nothing is noted."""
        if self.entrant.server:
            self.servers.empty(self.entrant.server)
        self.driver.ask("clear")
        self.notes.empty()

    def fill(self, kind: str, jobs: int) -> dict[str, float]:
        """In bulk where it can."""
        many = "enqueue_many" in self.driver.can
        answer: dict[str, float] = self.driver.ask("enqueue", kind=kind, jobs=jobs, many=many)
        return answer

    def workers(self, kind: str, processes: int) -> list[dict[str, object]]:
        """The commands of its workers."""
        commands: list[dict[str, object]] = self.driver.ask(
            "workers", kind=kind, processes=processes
        )
        return commands

    def server_us(self) -> float:
        """What its Redis has worked; 0 without one."""
        return self.servers.microseconds(self.entrant.server) if self.entrant.server else 0.0
