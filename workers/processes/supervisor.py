"""The program of a supervisor, which `tally worker` becomes: ``python -m workers.processes.supervisor``.

A program of its own, for the command had to read the settings and every job package to know the lanes,
and none of that is ever given back: with it a supervisor holds more memory than the worker it watches.
"""

from workers.runtime import stop_signals

if __name__ == "__main__":
    # Before all else, and a terminal that hangs up ends it at no time.
    stop_signals.outlive_the_terminal()
    stop_signals.exit_when_asked(by=(*stop_signals.ASKING, stop_signals.HURRY))

import argparse
import sys

from backend.telemetry.lean_imports import lean_imports

with lean_imports(reads_structlog=False):
    from backend.bootstrap.hosts.supervisor_parts import SupervisorParts
    from backend.domain.errors import TallyError
    from backend.telemetry.logs.lean_set_up import set_up_lean_logs
    from backend.telemetry.logs.lossy_streams import lose_lines
    from workers.runtime.supervision.pid_file import noted
    from workers.runtime.supervision.supervisor_spec import SupervisorSpec


def main() -> None:
    """Keeps worker processes alive until it is asked to stop."""
    lose_lines()
    spec = SupervisorSpec.take_over(_descriptor())
    set_up_lean_logs(spec.log, process="supervisor")
    parts = SupervisorParts(spec)
    parts.supervisor.obey_signals()
    with noted(spec.pid_file), parts.metrics():
        parts.supervisor.run()
        stop_signals.end_undisturbed()


def _descriptor() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", type=int, required=True, help="where to read what it is told")
    # For people who look at a list of processes.
    parser.add_argument("lanes", nargs="*")
    return int(parser.parse_args().spec)


if __name__ == "__main__":
    try:
        main()
    except TallyError as error:
        sys.exit(f"tally: {error} [{error.code}]")
