"""Who takes part in a run: Tally on several servers, another revision of it, other queues."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.side_by_side.driver_process import DriverProcess
from benchmarks.side_by_side.environments import ROOT, of_npm, of_packages, of_revision
from benchmarks.side_by_side.peers import PEERS
from benchmarks.side_by_side.servers import DEEP, Servers
from benchmarks.side_by_side.tcp_servers import DEFAULT

_DRIVERS = ROOT / "benchmarks" / "drivers"
TALLY, BEFORE = "Tally", "before"


@dataclass
class Entrant:
    """``server`` is the Redis it stands on, empty for one that stands on Postgres."""

    name: str
    command: Sequence[str]
    server: str
    cwd: Path = ROOT
    share: float = 1.0
    is_tally: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    driver: DriverProcess | None = None

    @property
    def plain_name(self) -> str:
        """For files and databases."""
        return re.sub(r"\W+", "_", self.name).lower()

    def start(self, servers: Servers, notes: Path, logs: Path) -> DriverProcess:
        """Its driver, started when it is first needed."""
        if self.driver is None:
            self.driver = DriverProcess(
                self.command,
                cwd=self.cwd,
                environment={**self._stores(servers), **self.environment, "BENCH_RUNS": str(notes)},
                log=logs / f"{self.plain_name}.log",
            )
        return self.driver

    def close(self) -> None:
        """Ends its driver."""
        if self.driver is not None:
            self.driver.close()
            self.driver = None

    def _stores(self, servers: Servers) -> dict[str, str]:
        paths = f"{_DRIVERS}:{_DRIVERS / 'jobs'}"
        stores = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
        if self.server:
            stores["REDIS_URL"] = servers.url(self.server)
        if self.is_tally or not self.server:
            stores["BENCH_POSTGRES"] = servers.postgres(f"bench_{self.plain_name}")
        if self.is_tally:
            stores["DATABASE_URL"] = stores["BENCH_POSTGRES"]
            stores |= _SETTINGS
        return stores


#: No limit of the stream, whose events nobody records here; quiet logs; no port for metrics.
_SETTINGS = {
    "TALLY_JOB_PACKAGES": "tally_jobs",
    "TALLY_LOG__LEVEL": "WARNING",
    "TALLY_REDIS__STREAM_LIMIT": "0",
    "TALLY_METRICS__WORKER_PORT": "0",
    "TALLY_METRICS__SCHEDULER_PORT": "0",
    "TALLY_METRICS__RECORDER_PORT": "0",
}


def tally(server: str = DEFAULT) -> Entrant:
    """This checkout."""
    name = TALLY if server == DEFAULT else f"{TALLY}, {server}"
    return Entrant(name, _python(Path(sys.executable)), server, is_tally=True)


def before(revision: str) -> Entrant:
    """Another revision, in a checkout and an environment of its own, driven by this one's driver."""
    tree = of_revision(revision)
    command = _python(tree / ".venv" / "bin" / "python")
    return Entrant(BEFORE, command, DEFAULT, cwd=tree, is_tally=True)


def peer(name: str) -> Entrant:
    """Another queue; raises `NotInstalled`."""
    of = PEERS[name]
    environment = {}
    if name == "bullmq":
        folder = of_npm(name, of.packages)
        command: Sequence[str] = ("node", str(_DRIVERS / "on_bullmq.mjs"))
        environment["BENCH_NODE"] = str(folder)
    else:
        python = of_packages(name, of.packages)
        command = (str(python), str(_DRIVERS / f"on_{name}.py"))
    return Entrant(
        of.title,
        command,
        DEFAULT if of.uses_redis else "",
        share=of.share,
        environment=environment,
    )


def deep(entrant: Entrant) -> Entrant:
    """The same on a second server of the same kind."""
    return Entrant(
        f"{entrant.name} {DEEP}",
        entrant.command,
        f"{entrant.server} {DEEP}",
        cwd=entrant.cwd,
        is_tally=True,
    )


def _python(python: Path) -> tuple[str, str]:
    return str(python), str(_DRIVERS / "on_tally.py")
