"""``tally workers``: the worker processes of the deployment."""

from __future__ import annotations

import sys

import click

from backend.bootstrap.current import platform
from backend.cli.input import options
from backend.cli.input.bulk import NotDone, for_each
from backend.cli.input.command_group import CommandGroup
from backend.cli.input.completing import a_lane
from backend.cli.input.confirmation import confirm
from backend.cli.input.given_text import GIVEN
from backend.cli.input.identity import who
from backend.cli.input.known_lanes import known_lane
from backend.cli.input.parts import actions
from backend.cli.output.ages import age
from backend.cli.output.printing import print_json, print_rows, say, tell
from backend.domain.jobs.queue_state import WorkerState

_MEGABYTE = 1024 * 1024


@click.group(cls=CommandGroup)
def workers() -> None:
    """Shows worker processes, stops them, clears the records of dead ones."""


@workers.command("list")
@click.option("--lane", type=GIVEN, help="Only of this lane.", shell_complete=a_lane)
@options.as_json
def list_workers(lane: str | None, as_json: bool) -> None:
    """Lists every worker process on record, the lost ones included."""
    lane = known_lane(lane) if lane else None
    found = [w for w in platform().worker_service.at_work() if lane in {None, *w.lane.split(",")}]
    if as_json:
        print_json(found)
        return
    print_rows(
        ("worker", "lane", "state", "slots", "done", "failed", "memory", "beat", "up", "runs"),
        [_row(worker) for worker in found],
        empty=f"{_none_of(lane)}; start some: ./scripts/workers/start-workers.sh",
    )
    lost = sum(platform().worker_service.is_stale(worker) for worker in found)
    if lost:
        say(f"{lost} without a heartbeat; clear their records: tally workers clear")


@workers.command()
@click.argument("names", nargs=-1, metavar="[WORKER...]")
@click.option(
    "--lane", type=GIVEN, help="Every worker process of this lane.", shell_complete=a_lane
)
@options.yes
@options.as_json
def stop(names: tuple[str, ...], lane: str | None, yes: bool, as_json: bool) -> None:
    """Asks worker processes to stop in order. A supervisor that lives starts new ones in their place.

    Exit status 1 unless each of them listens.

    \b
    Examples:
      tally workers stop web-1-email-0-3f9a01      one, for example after a deploy
      tally workers stop --lane export --yes       each of a lane
    """
    known = {worker.name: worker for worker in platform().worker_service.all()}
    if bool(names) == bool(lane):
        raise click.UsageError("Name worker processes, or a --lane.")
    lane = known_lane(lane) if lane else None
    chosen = names or tuple(n for n, w in known.items() if lane in w.lane.split(","))
    if not chosen:
        say(_none_of(lane))
    confirm(f"Stop {len(chosen)} worker process(es)?", yes=yes or not chosen or len(names) == 1)

    def one(name: str) -> str:
        if not actions().workers.stop(who(), name):
            raise NotDone(f"{name} does not listen; it is gone or cut off")
        return "was asked to stop"

    for_each(chosen, one, as_json=as_json)


@workers.command()
@options.yes
@options.as_json
def clear(yes: bool, as_json: bool) -> None:
    """Forgets worker processes that are gone. Their records end by themselves too, and harm nothing."""
    stale = [worker.name for worker in platform().worker_service.stale()]
    if stale:
        confirm(f"Forget {len(stale)} worker process(es)?", yes=yes)
        stale = actions().workers.clear_stale(who())
    if as_json:
        print_json(stale)
    else:
        tell(f"{len(stale)} cleared" if stale else "nothing to clear")
    sys.exit(0)


def _none_of(lane: str | None) -> str:
    return f"no worker process{f' of the lane {lane}' if lane else ''} is on record"


def _row(worker: WorkerState) -> tuple[object, ...]:
    state = "stopping" if worker.stopping else worker.state
    return (
        worker.name,
        worker.lane,
        "no heartbeat" if platform().worker_service.is_stale(worker) else state,
        f"{worker.busy_slots}/{worker.slots}",
        worker.finished,
        worker.failed,
        f"{worker.rss_bytes // _MEGABYTE} MB" if worker.rss_bytes else "",
        f"{age(worker.last_heartbeat)} ago" if worker.last_heartbeat else "",
        age(worker.born_at),
        _runs(worker),
    )


def _runs(worker: WorkerState) -> str:
    more = worker.busy_slots - 1
    return f"{worker.current_job} and {more} more" if more > 0 else worker.current_job
