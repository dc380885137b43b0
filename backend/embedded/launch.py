"""Starting a server process that either follows us into death or outlives us."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import MappingProxyType

from backend.embedded.account import Account
from backend.embedded.errors import EmbeddedServerError

Process = subprocess.Popen[bytes]


def launch(
    command: Sequence[str],
    *,
    log: Path,
    keep_open: int,
    account: Account,
    dies_by: signal.Signals | None,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Process:
    """Start ``command``, its output appended to ``log``, the descriptor ``keep_open`` inherited.

    ``variables`` are added to its environment.

    ``dies_by`` is the signal it gets when this process ends, however it ends; None lets it live
    on. macOS knows no such signal: there a leftover is taken over by the next start.
    """

    def start() -> Process:
        with log.open("ab") as output:
            return subprocess.Popen(
                [*follower(dies_by), *account.prefix, *command],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                cwd="/", env={**server_environment(), **variables}, pass_fds=(keep_open,),
                # Ctrl-C goes to a whole group, and the product must drain before its servers end.
                start_new_session=True,
                user=account.uid, group=account.gid, extra_groups=account.extra_groups,
            )  # fmt: skip

    try:
        if dies_by is not None and threading.current_thread() is threading.main_thread():
            return start()
        return _started_by_a_keeper(start)
    except OSError as error:
        raise EmbeddedServerError(f"{command[0]} cannot be started: {error}") from error


def server_environment() -> dict[str, str]:
    """Our environment without what would bend a server: Postgres' own variables and locale."""
    bending = ("PG", "LC_", "LANG")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(bending)}
    # An empty locale makes Postgres builds with NLS end at start on macOS.
    return {**kept, "LC_ALL": "C"}


def follower(dies_by: signal.Signals | None) -> list[str]:
    """What goes before a command so that it gets a signal when this thread ends; nothing elsewhere."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    # Alpine's setpriv is busybox, which does not know --pdeathsig.
    if dies_by is None or setpriv is None or Path(setpriv).resolve().name == "busybox":
        return []
    return [setpriv, "--pdeathsig", dies_by.name]


def _started_by_a_keeper(start: Callable[[], Process]) -> Process:
    """Start from a thread that lives as long as the server and reaps it.

    The death signal comes when the *thread* that forked ends, so a passing thread must not fork;
    and a server meant to outlive us has nobody else to wait for it.
    """
    started: Future[Process] = Future()

    def keep() -> None:
        try:
            process = start()
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(process)
        process.wait()

    threading.Thread(target=keep, name="embedded-server-keeper", daemon=True).start()
    return started.result()
