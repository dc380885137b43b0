"""Gives back the jobs of worker processes that died: ``python -m workers.processes.rescue``.

Their supervisor starts it, and holds half of what it would if it spoke to Redis itself.
"""

from __future__ import annotations

import argparse
import os
import sys

from backend.telemetry.lean_imports import lean_imports

with lean_imports(reads_structlog=False):
    from backend.bootstrap.hosts.rescue_parts import rescue_of
    from backend.telemetry.logs.lean_set_up import set_up_lean_logs
    from backend.telemetry.logs.lossy_streams import lose_lines
    from workers.runtime import stop_signals
    from workers.runtime.supervision.rescue_spec import RescueSpec
    from workers.runtime.supervision.rescues import NOT_DONE
    from workers.runtime.supervision.stop_requests import StopRequests


def main() -> None:
    """Ends with 0 once all is given back; with another number if some of it is to be done by another."""
    parent, requests = os.getppid(), StopRequests()
    # Held back until here: who asks all processes of a group to stop means no job to be left behind.
    stop_signals.obey(requests.ask)
    lose_lines()
    spec = RescueSpec.take_over(_descriptor())
    set_up_lean_logs(spec.log, process="supervisor")
    if spec.is_last:
        requests.ask()
    is_done = rescue_of(spec).run(
        spec.burials, lambda seconds: requests.wait(seconds) or os.getppid() != parent
    )
    sys.exit(0 if is_done else NOT_DONE)


def _descriptor() -> int:
    parser = argparse.ArgumentParser(prog="python -m workers.processes.rescue")
    parser.add_argument("--spec", type=int, required=True, help="where to read what it is told")
    return int(parser.parse_args().spec)


if __name__ == "__main__":
    main()
