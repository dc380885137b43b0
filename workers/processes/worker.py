"""A worker process: ``python -m workers --lane email``. Supervisors start it; so may you, by hand."""

from __future__ import annotations

import argparse
import secrets
import socket
import sys
from pathlib import Path

import structlog

from backend.bootstrap.current import platform
from backend.bootstrap.hosts.duty_parts import host_duty
from backend.bootstrap.platform import Platform
from backend.bootstrap.scratch_folder import find_scratch_folder
from backend.bootstrap.worker_parts import WorkerSpec, worker_process
from backend.domain.errors import TallyError
from backend.telemetry.logs.lossy_streams import lose_lines
from backend.telemetry.logs.set_up import set_up_logs
from backend.telemetry.metrics.count_keeper import keep_counts
from backend.telemetry.metrics.job_counts import JobCounts
from workers.runtime import stop_signals
from workers.runtime.children.family import tie_to_parent
from workers.runtime.ending import end_with_vital_threads, exit_in_order
from workers.runtime.slots.running_table import RunningTable

log = structlog.get_logger("tally.worker")


def main() -> None:
    """Runs one worker process until it is told to stop, or retires."""
    asked = _arguments()
    lose_lines()
    # Job packages may lie in the current folder: last of all places, as for the `tally` command.
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    set_up_logs(process="worker")
    try:
        _run(asked)
    except SystemExit as ending:
        # Asked to stop while it started, or a job package wants no process at all.
        exit_in_order(ending.code if isinstance(ending.code, int) else 1)
    except TallyError as error:
        log.critical("worker.not_started", worker=asked.name, code=error.code, error=str(error))
        exit_in_order(1)
    except Exception:
        log.critical("worker.not_started", worker=asked.name, exc_info=True)
        exit_in_order(1)
    exit_in_order()


def _run(asked: argparse.Namespace) -> None:
    find_scratch_folder()
    end_with_vital_threads()
    parts = platform()
    chosen = parts.settings.log
    set_up_logs(**chosen.said(), process="worker")
    if asked.parent is not None:
        tie_to_parent(stop_signals.HANG_UP, asked.parent)
    lanes = asked.lane.split(",")
    slots = asked.concurrency or max(parts.slots_of(lane) for lane in lanes)
    if asked.running_table is None:
        running_table = RunningTable.create(slots, max(map(parts.async_slots_of, lanes)))
    else:
        # As its supervisor made it; one of the last release made no places for async jobs.
        running_table = RunningTable(asked.running_table, slots, asked.async_slots)
    _work(parts, WorkerSpec(asked.name, lanes, slots, running_table), asked)


def _work(parts: Platform, worker_spec: WorkerSpec, asked: argparse.Namespace) -> None:
    kinds = parts.catalogue.own()
    counts = JobCounts(
        ",".join(worker_spec.lanes),
        [kind.name for kind in kinds],
        at_home=[kind.name for kind in kinds if kind.lane in worker_spec.lanes],
    )
    keeper = keep_counts(counts.snapshot)
    process = worker_process(parts, worker_spec, counts)
    begin_duty = host_duty(parts, asked.duty_roster, process.slot_pool.outages)

    def opened() -> None:
        process.obey_signals(parent=asked.parent)
        begin_duty()

    process.run(opened=opened)
    if keeper is not None:
        keeper.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    parser.add_argument("--lane", default="default", help="lanes to serve, with commas between")
    parser.add_argument("--name", default=f"{socket.gethostname()}-{secrets.token_hex(4)}")
    parser.add_argument("--concurrency", type=int, help="slots; default: the settings'")
    parser.add_argument("--running-table", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--async-slots", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--duty-roster", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()
