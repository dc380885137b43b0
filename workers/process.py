"""A worker process: ``python -m workers --lane email``. Supervisors start it; so may you, by hand."""

from __future__ import annotations

import argparse
import secrets
import signal
import socket
import threading

import structlog

from backend.bootstrap import Platform, platform
from backend.bootstrap.worker_parts import Berth, worker_process
from backend.telemetry.count_keeper import keep_counts
from backend.telemetry.job_counts import JobCounts
from backend.telemetry.logs import set_up_logs
from workers.runtime.child import tie_to_parent
from workers.runtime.flight_board import FlightBoard
from workers.runtime.worker_process import exit_now, stop_on_signals


def main() -> None:
    """Runs one worker process until it is told to stop."""
    asked = _arguments()
    parts = platform()
    log = parts.settings.log
    set_up_logs(level=log.level, style=log.format, process="worker")
    if asked.parent is not None:
        tie_to_parent(signal.SIGHUP, asked.parent)
    lanes = asked.lane.split(",")
    slots = asked.concurrency or max(parts.slots_of(lane) for lane in lanes)
    board = (
        FlightBoard(asked.board, slots) if asked.board is not None else FlightBoard.create(slots)
    )
    _run(parts, asked.name, lanes, slots, board)


def _die_with_a_thread(hook: threading.ExceptHookArgs) -> None:
    """A worker process without its heartbeat or bell is worse than none: let another take over."""
    structlog.get_logger("tally.worker").critical(
        "thread.died",
        thread=hook.thread.name if hook.thread else "",
        exc_info=(hook.exc_type, hook.exc_value or hook.exc_type(), hook.exc_traceback),
    )
    exit_now(70)


def _run(parts: Platform, name: str, lanes: list[str], slots: int, board: FlightBoard) -> None:
    threading.excepthook = _die_with_a_thread
    counts = JobCounts(",".join(lanes), [kind.name for kind in parts.catalogue])
    keeper = keep_counts(counts.snapshot)
    process = worker_process(parts, Berth(name, lanes, slots, board), counts.count)
    stop_on_signals(process)
    process.run()
    if keeper is not None:
        keeper.close()
    exit_now()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    parser.add_argument("--lane", default="default", help="lanes to serve, with commas between")
    parser.add_argument("--name", default=f"{socket.gethostname()}-{secrets.token_hex(4)}")
    parser.add_argument("--concurrency", type=int, help="slots; default: the settings'")
    parser.add_argument("--board", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()
