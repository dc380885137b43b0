"""One Postgres on one folder, reached through a unix socket."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 a class in lower case

from backend.embedded.account import Account, account_for, reachable_programs
from backend.embedded.errors import EmbeddedServerError
from backend.embedded.locate import ServerBinary, find_postgres_server
from backend.embedded.postgres_data import SUPERUSER, DataMaker, clear_stale_pid_file, major_of
from backend.embedded.server import EmbeddedServer

DATABASE = "tally"
_PING_SECONDS = 2
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": "5432",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Parallel queries want more shared memory than the 64 MB that containers give.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
}
# Not synchronous_commit=off: a commit would be lost by kill -9, and it gains only 15 % more.
_FAST_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class PostgresOptions:
    """What may differ from a server that keeps its data safe."""

    durable: bool = True
    """False survives ``kill -9`` but not a power cut, and is two to three times as fast."""
    template_cache: Path | None = None
    """A folder to keep a ready-made data folder in, to copy new data from."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Further settings of postgresql.conf; they win."""


class PostgresServer(EmbeddedServer):
    """A Postgres with one superuser and one database, both called ``tally``."""

    name = "Postgres"
    # SIGTERM would wait until the last client has gone.
    stop_signal = signal.SIGINT

    def __init__(
        self,
        folder: Path,
        *,
        socket_dir: Path,
        log: Path,
        options: PostgresOptions | None = None,
        account: Account | None = None,
    ) -> None:
        super().__init__(folder, socket_dir=socket_dir, log=log)
        self._options = options or PostgresOptions()
        self._account = account
        self._data = folder / "data"

    @property
    def url(self) -> str:
        """The address as SQLAlchemy writes it."""
        return f"postgresql+psycopg2://{SUPERUSER}@/{DATABASE}?host={self.socket_dir}"

    @property
    def pid_file(self) -> Path:
        """Postgres writes it first of all."""
        return self._data / "postmaster.pid"

    def find_binary(self) -> ServerBinary:
        """A Postgres of the major that made the data, or any if there is no data yet."""
        major = major_of(self._data)
        binary = find_postgres_server()
        if major in (None, binary.major):
            return binary
        try:
            return find_postgres_server(major=major)
        except EmbeddedServerError as error:
            raise EmbeddedServerError(
                f"{self._data} was made by Postgres {major} and here is {binary.version}: "
                f"export it with pg_dumpall of Postgres {major}, or move it away to start empty"
            ) from error

    def prepare(self, binary: ServerBinary, *, lock: int) -> tuple[Account, Sequence[str]]:
        """Make the data if there is none, clear what a crash left, tell the command."""
        account = self._account or account_for(self._data)
        account.give(self.folder)
        account.give(self.socket_dir)
        programs = reachable_programs(account, binary.path, self.folder / binary.version)
        if self._data.exists():
            clear_stale_pid_file(self.pid_file)
        else:
            maker = DataMaker(
                programs,
                binary.version,
                account,
                durable=self._options.durable,
                template_cache=self._options.template_cache,
            )
            maker.make(self._data, lock=lock)
        for stale in self.socket_dir.glob(".s.PGSQL.*"):
            stale.unlink()
        return account, self._command(programs)

    def answers(self) -> bool:
        """Whether a session can be opened; not while Postgres recovers from a crash."""
        try:
            self._connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def start(self) -> ServerBinary:
        """Start, and create the database if it is not there."""
        binary = super().start()
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {DATABASE}")
        return binary

    def _connect(self) -> Connection:
        return psycopg2.connect(
            host=str(self.socket_dir),
            user=SUPERUSER,
            dbname="postgres",
            connect_timeout=_PING_SECONDS,
        )

    def _command(self, programs: Path) -> list[str]:
        fast = {} if self._options.durable else _FAST_SETTINGS
        settings = {**_SETTINGS, **fast, **self._options.settings}
        return [
            str(programs / "postgres"),
            *("-D", str(self._data), "-k", str(self.socket_dir)),
            *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
        ]
