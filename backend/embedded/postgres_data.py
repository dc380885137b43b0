"""The data folder of a Postgres: made whole or not at all, and bound to one major version."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

from backend.embedded.account import Account
from backend.embedded.errors import EmbeddedServerError
from backend.embedded.launch import server_environment
from backend.embedded.template import copy_template, make_whole, template_in

SUPERUSER = "tally"
_INITDB_SECONDS = 120.0
_FLAGS = ("-A", "trust", "-U", SUPERUSER, "-E", "UTF8", "--locale=C")
_TEST_FLAGS = (*_FLAGS, "--no-sync", "--wal-segsize=1")


@dataclass(frozen=True)
class DataMaker:
    """Makes new data with the programs of one Postgres."""

    programs: Path
    version: str
    account: Account
    durable: bool = True
    template_cache: Path | None = None

    def make(self, data: Path, *, lock: int) -> None:
        """Make ``data``; interrupted at any point it is made anew the next time."""
        make_whole(data, make=lambda folder: self._fill(folder, lock))

    def _fill(self, folder: Path, lock: int) -> None:
        if self.template_cache is None:
            self._initdb(folder, lock)
        else:
            template = template_in(self.template_cache, self._template_key, make=self._initdb)
            copy_template(template, folder)

    @property
    def _flags(self) -> tuple[str, ...]:
        return _FLAGS if self.durable else _TEST_FLAGS

    @property
    def _template_key(self) -> str:
        owner = self.account.uid if self.account.uid is not None else os.geteuid()
        flags = hashlib.sha256(" ".join(self._flags).encode()).hexdigest()[:8]
        return f"postgres-{self.version}-{flags}-{owner}"

    def _initdb(self, folder: Path, lock: int) -> None:
        folder.mkdir(mode=0o700)
        self.account.give(folder)
        made = subprocess.run(
            [*self.account.prefix, self.programs / "initdb", "-D", folder, *self._flags],
            capture_output=True, text=True, timeout=_INITDB_SECONDS, check=False,
            stdin=subprocess.DEVNULL, cwd="/", env=server_environment(), start_new_session=True,
            # An initdb whose starter was killed keeps the next start waiting until it is through.
            pass_fds=(lock,),
            user=self.account.uid, group=self.account.gid,
            extra_groups=self.account.extra_groups,
        )  # fmt: skip
        if made.returncode != 0:
            raise EmbeddedServerError(f"initdb of {folder} failed:\n{made.stderr.strip()}")


def major_of(data: Path) -> int | None:
    """The major version that made the data; None when there is none."""
    if not data.exists():
        return None
    try:
        return int((data / "PG_VERSION").read_text().split(".")[0])
    except (FileNotFoundError, ValueError) as error:
        raise EmbeddedServerError(
            f"{data} is not a Postgres data folder; move it away to start with an empty database"
        ) from error


def clear_stale_pid_file(pid_file: Path) -> None:
    """Remove what a crash left, which Postgres refuses if the pid was given to another since."""
    if not pid_file.exists():
        return
    words = pid_file.read_text().split()
    if words and words[0].isdigit() and _works_in(int(words[0]), pid_file.parent):
        raise EmbeddedServerError(
            f"a Postgres (process {words[0]}) that was not started from here runs on "
            f"{pid_file.parent}; end it with: kill -INT {words[0]}"
        )
    pid_file.unlink()


def _works_in(pid: int, folder: Path) -> bool:
    """Whether a process has this working folder, as every Postgres has its data's."""
    try:
        return Path(psutil.Process(pid).cwd()) == folder
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
