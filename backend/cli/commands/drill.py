"""``tally drill``: proves on this very machine that nothing is lost."""

from __future__ import annotations

import json
import secrets
import sys
import tempfile
from pathlib import Path

import click

from backend.cli.output.printing import print_facts, say, tell
from backend.drills.drill import run_drill
from backend.drills.harms import HARMS, harms_in_words
from backend.drills.report import Report
from backend.telemetry.logs.set_up import set_up_logs

_HELP = f"""Hurts a deployment while jobs run, on servers of its own, and counts what became of each job.

Exit status 1 unless nothing is lost, canceled, stuck or out of balance, no effect was repeated but of
jobs that were in flight, no process ended that was not hurt, the record agrees, and no blow missed.

\b
Harms:
{harms_in_words()}

\b
Examples:
  tally drill --jobs 5000 --kills 20
  tally drill --harm refused --jobs 2000 --kills 8
  tally drill --harm everything --jobs 20000 --kills 60 --repair
"""


@click.command(help=_HELP)
@click.option("--jobs", type=click.IntRange(1, 1_000_000), default=5000, show_default=True)
@click.option("--kills", type=click.IntRange(0, 10_000), default=20, show_default=True)
@click.option("--harm", type=click.Choice(sorted(HARMS)), default="workers", show_default=True)
@click.option(
    "--hold",
    type=click.FloatRange(0.1, 3600),
    default=10,
    show_default=True,
    help="Seconds that a refusal lasts; a lock is held six times as long.",
)
@click.option("--repair", is_flag=True, help="Reconcile and repair the ledger all the time.")
@click.option("--seed", type=int, help="Repeats a drill's dice.")
@click.option("--json", "as_json", is_flag=True, help="The report for programs.")
def drill(
    *,
    jobs: int,
    kills: int,
    harm: str,
    hold: float,
    repair: bool,
    seed: int | None,
    as_json: bool,
) -> None:
    """Runs a drill and says how it went."""
    set_up_logs(level="WARNING", style="text")
    seed = secrets.randbelow(10**6) if seed is None else seed
    with tempfile.TemporaryDirectory(prefix="tally-drill-") as folder:
        report = run_drill(
            Path(folder),
            harm=harm,
            jobs=jobs,
            blows=kills,
            seed=seed,
            say=say,
            hold_seconds=hold,
            repair=repair,
        )
    _print(report, as_json=as_json)
    sys.exit(0 if report.passed else 1)


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        tell(json.dumps(report.to_dict()))
        return
    print_facts(
        [(name.replace("_", " "), _shown(value)) for name, value in report.to_dict().items()]
    )


def _shown(value: object) -> str:
    if isinstance(value, dict):
        value = [f"{name} {number}" for name, number in value.items()]
    return ("\n".join(value) or "none") if isinstance(value, list) else str(value)
