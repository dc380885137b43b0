"""``python -m backend.embedded start|stop|status``: servers that stay in the background."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from backend.embedded.errors import EmbeddedServerError
from backend.embedded.servers import start_servers
from backend.embedded.state.state_directory import StateDirectory
from backend.embedded.stopping import stop_servers

_NOT_RUNNING = 3


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when it did what it says, 1 on an error, 3 for status of nothing."""
    given = _parser().parse_args(arguments)
    try:
        if given.command == "start":
            return _start(given.state_dir, redis_only=given.redis_only)
        if given.command == "stop":
            return _stop(given.state_dir)
        return _status(given.state_dir)
    except (EmbeddedServerError, PermissionError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _start(state_dir: Path, *, redis_only: bool) -> int:
    servers = start_servers(state_dir, die_with_parent=False, postgres=not redis_only)
    print(f"export REDIS_URL={shlex.quote(servers.redis_url)}")
    if not redis_only:
        print(f"export DATABASE_URL={shlex.quote(servers.database_url)}")
    return 0


def _stop(state_dir: Path) -> int:
    stopped = stop_servers(state_dir)
    print(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")
    return 0


def _status(state_dir: Path) -> int:
    state = StateDirectory(state_dir)
    marker = state.marker()
    running = [server for server in state.servers() if server.is_running()]
    for server in running:
        record = marker.servers.get(server.name) if marker else None
        version = f"{record.flavour} {record.version}" if record else "unknown version"
        print(f"{server.name}: {version}, process {server.pid()}, {server.url}")
    if not running:
        print("nothing is running")
    return 0 if running else _NOT_RUNNING


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backend.embedded", description=__doc__)
    parser.add_argument("command", choices=("start", "stop", "status"))
    parser.add_argument(
        "--state-dir", type=Path, default=Path(".tally"), help="data and logs (default: .tally)"
    )
    parser.add_argument("--redis-only", action="store_true", help="start no Postgres")
    return parser


if __name__ == "__main__":
    sys.exit(main())
