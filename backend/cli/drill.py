"""``tally drill``: proves on this very machine that nothing is lost."""

from __future__ import annotations

import json
import secrets
import sys
import tempfile
from pathlib import Path

import click

from backend.cli.printing import print_facts, say, tell
from backend.drills.drill import run_drill
from backend.drills.harm import HARMS
from backend.drills.report import Report


@click.command()
@click.option("--jobs", type=click.IntRange(1, 1_000_000), default=5000, show_default=True)
@click.option("--kills", type=click.IntRange(0, 10_000), default=20, show_default=True)
@click.option("--harm", type=click.Choice(sorted(HARMS)), default="workers", show_default=True)
@click.option("--seed", type=int, help="Repeats a drill's dice.")
@click.option("--json", "as_json", is_flag=True, help="The report for programs.")
def drill(jobs: int, kills: int, harm: str, seed: int | None, as_json: bool) -> None:
    """Hurts a deployment while jobs run, on servers of its own, and counts what became of each job.

    \b
    Examples:
      tally drill --jobs 5000 --kills 20
      tally drill --harm everything --jobs 20000 --kills 60
    """
    seed = secrets.randbelow(10**6) if seed is None else seed
    with tempfile.TemporaryDirectory(prefix="tally-drill-") as folder:
        report = run_drill(
            Path(folder),
            harm=harm,
            jobs=jobs,
            blows=kills,
            seed=seed,
            say=say,
        )
    _print(report, as_json=as_json)
    sys.exit(0 if report.passed else 1)


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        tell(json.dumps(report.to_dict()))
        return
    rows = [(name.replace("_", " "), str(value)) for name, value in report.to_dict().items()]
    print_facts(rows)
