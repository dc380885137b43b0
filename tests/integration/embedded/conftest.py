"""Real servers in a state directory of the test's own, ended with the test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from backend.embedded import EmbeddedServerError, Servers, start_servers, stop_servers
from backend.embedded.locate import find_postgres_server, find_redis_server

ROOT = Path(__file__).parents[3]


class Notes:
    """Lines kept in Redis and in Postgres, to see whether a store kept them."""

    def __init__(self, servers: Servers, name: str = "notes") -> None:
        self.name = name
        self._servers = servers

    @property
    def postgres_dsn(self) -> str:
        return self._servers.database_url.replace("+psycopg2", "")

    def write_redis(self, line: str) -> None:
        with self._redis() as client:
            client.rpush(self.name, line)

    def in_redis(self) -> list[str]:
        with self._redis() as client:
            return [line.decode() for line in client.lrange(self.name, 0, -1)]

    def write_postgres(self, line: str) -> None:
        with closing(psycopg2.connect(self.postgres_dsn)) as connection, connection as session:
            cursor = session.cursor()
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {self.name} (line text)")
            cursor.execute(f"INSERT INTO {self.name} VALUES (%s)", (line,))

    def in_postgres(self) -> list[str]:
        with closing(psycopg2.connect(self.postgres_dsn)) as connection, connection.cursor() as c:
            c.execute(f"SELECT line FROM {self.name}")
            return [row[0] for row in c.fetchall()]

    def _redis(self) -> redis.Redis:
        return redis.Redis.from_url(
            self._servers.redis_url, retry=Retry(NoBackoff(), 0), socket_timeout=5
        )


@pytest.fixture(scope="session", autouse=True)
def server_programs() -> None:
    """Without server programs: a skip on a laptop, a failure in CI."""
    try:
        find_redis_server()
        find_postgres_server()
    except EmbeddedServerError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def template_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("templates")


@pytest.fixture(scope="session")
def spent() -> Iterator[list[Path]]:
    """Folders to remove at the end: pytest keeps those of three runs, of 40 MB each."""
    folders: list[Path] = []
    yield folders
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def state_dir(tmp_path: Path, spent: list[Path]) -> Iterator[Path]:
    folder = tmp_path / "state of the test"
    yield folder
    stop_servers(folder)
    spent.append(folder)


@pytest.fixture
def start(state_dir: Path, template_cache: Path) -> Callable[..., Servers]:
    """Start the servers of the test's state directory the fast way."""

    def start(**changes: bool) -> Servers:
        return start_servers(
            state_dir, template_cache=template_cache, **{"for_tests": True, **changes}
        )

    return start


@pytest.fixture(scope="session")
def shared_state_dir(tmp_path_factory: pytest.TempPathFactory, spent: list[Path]) -> Path:
    folder = tmp_path_factory.mktemp("shared servers")
    spent.append(folder)
    return folder


@pytest.fixture(scope="session")
def servers(shared_state_dir: Path, template_cache: Path) -> Iterator[Servers]:
    """Servers for every test that leaves them running as it found them."""
    with start_servers(shared_state_dir, for_tests=True, template_cache=template_cache) as servers:
        yield servers


@pytest.fixture
def notes() -> type[Notes]:
    return Notes


@pytest.fixture
def book(servers: Servers, request: pytest.FixtureRequest) -> Notes:
    """Notes of this test in the shared servers."""
    return Notes(servers, request.function.__name__[:60])


@pytest.fixture
def other_process() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Run Python code in a process of its own, killed at the end of the test at the latest."""
    processes: list[subprocess.Popen[str]] = []

    def run(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
                **environment,
            },
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.communicate()
