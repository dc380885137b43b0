"""``./benchmarks/run.sh``: see ``--help``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.embedded.server_log import last_lines
from benchmarks.side_by_side.backlog import backlog
from benchmarks.side_by_side.driver_process import DriverFailed
from benchmarks.side_by_side.entrants import BEFORE, Entrant, before, deep, peer, tally
from benchmarks.side_by_side.environments import NotInstalled
from benchmarks.side_by_side.figures import Measured
from benchmarks.side_by_side.machine import busy, machine, warning
from benchmarks.side_by_side.measures import FOR_ALL, FOR_TALLY
from benchmarks.side_by_side.options import BACKLOG, SERVERS, options
from benchmarks.side_by_side.peers import PEERS
from benchmarks.side_by_side.run_notes import NothingRuns, RunNotes
from benchmarks.side_by_side.servers import Servers
from benchmarks.side_by_side.stage import Stage
from benchmarks.side_by_side.table import print_goals, print_rows, print_settings


class Run:
    """Everybody, measure by measure, round by round, one after the other."""

    def __init__(self, asked: argparse.Namespace, folder: Path) -> None:
        self._asked = asked
        self._folder = folder
        self._servers = Servers(folder / "servers")
        self._notes = RunNotes(folder / "runs")
        self.measured = Measured()
        self.skipped: dict[str, str] = {}
        self._entrants = list(self._installed())

    def measure(self, name: str) -> None:
        """One measure, of everybody; its rows are printed."""
        known = set(self.measured.values)
        if name == BACKLOG:
            self._backlogs()
        else:
            self._in_turn(name)
        print_rows(self.measured, [row for row in self.measured.values if row not in known])

    def close(self) -> None:
        """Ends drivers and servers."""
        for entrant in self._entrants:
            entrant.close()
        self._servers.stop()

    def facts(self) -> dict[str, Any]:
        """Of the servers and of who takes part."""
        told = {}
        for entrant in list(self._entrants):
            try:
                driver = self._stage(entrant).driver
            except DriverFailed as error:
                self._skip(entrant.name, str(error))
                self._entrants.remove(entrant)
            else:
                told[entrant.name] = {"versions": driver.versions, "set up": driver.configuration}
        return {"servers": self._servers.facts(), "entrants": told}

    def _installed(self) -> Iterator[Entrant]:
        yield from (tally(SERVERS[name]) for name in self._asked.servers)
        wanted = [(name, PEERS[name].title, peer) for name in self._asked.peers]
        if self._asked.before:
            wanted.insert(0, (self._asked.before, BEFORE, before))
        for name, title, make in wanted:
            print(f"making ready: {title} ({name})", flush=True)
            try:
                yield make(name)
            except NotInstalled as error:
                self._skip(title, str(error))

    def _in_turn(self, name: str) -> None:
        alone = name in FOR_TALLY
        measure = (FOR_TALLY if alone else FOR_ALL)[name]
        for number in range(self._asked.rounds):
            entrants = [each for each in self._entrants if each.is_tally or not alone]
            # Nobody is always the first after somebody else.
            shift = number % len(entrants)
            for entrant in entrants[shift:] + entrants[:shift]:
                try:
                    figures = measure(self._stage(entrant))
                except (DriverFailed, NothingRuns, KeyError) as error:
                    log = last_lines(self._folder / f"{entrant.plain_name}.log")
                    self._skip(entrant.name, f"{name}: {error!r}; {log}")
                    entrant.close()
                else:
                    self.measured.add(entrant.name, figures)

    def _backlogs(self) -> None:
        pairs = [(each, deep(each)) for each in self._entrants if each.is_tally]
        for _ in range(self._asked.rounds):
            for entrant, other in pairs:
                figures = backlog(self._stage(entrant), self._stage(other))
                self.measured.add(entrant.name, figures)
        for _, other in pairs:
            other.close()
            self._servers.end(other.server)

    def _stage(self, entrant: Entrant) -> Stage:
        driver = entrant.start(self._servers, self._notes.path, self._folder)
        return Stage(entrant, driver, self._servers, self._notes, self._asked.scale)

    def _skip(self, title: str, why: str) -> None:
        self.skipped.setdefault(title, why)
        print(f"skipped: {title}: {why}", file=sys.stderr, flush=True)


def main() -> None:
    """Prints settings, rows and goals; writes every value where it is asked to, after each measure."""
    asked = options()
    # As Ctrl-C does: workers and servers are ended in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    facts: dict[str, Any] = {"machine": machine() | {"before": busy()}}
    with tempfile.TemporaryDirectory(prefix="tally-bench-") as folder:
        run = Run(asked, Path(folder))
        try:
            facts |= run.facts()
            print_settings({"machine": facts["machine"]} | facts["servers"] | facts["entrants"])
            for name in asked.rows:
                run.measure(name)
                _write(asked, facts, run)
        finally:
            run.close()
        _write(asked, facts, run)
    print_goals(run.measured)
    print(f"\nmachine afterwards: {facts['machine']['after']}\n{facts['warning']}")


def _write(asked: argparse.Namespace, facts: dict[str, Any], run: Run) -> None:
    """What there is so far: a run of an hour is not lost with its end."""
    facts["machine"]["after"] = after = busy()
    facts["warning"] = warning(facts["machine"]["before"], after)
    if asked.json:
        text = json.dumps(_all(asked, facts, run), indent=1)
        asked.json.write_text(f"{text}\n", encoding="utf-8")


def _all(asked: argparse.Namespace, facts: dict[str, Any], run: Run) -> dict[str, Any]:
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        "command": ["./benchmarks/run.sh", *sys.argv[1:]],
        "rounds": asked.rounds,
        "scale": asked.scale,
        "payload_bytes": 60,
        **facts,
        "skipped": run.skipped,
        "rows": run.measured.as_json(),
    }


if __name__ == "__main__":
    main()
