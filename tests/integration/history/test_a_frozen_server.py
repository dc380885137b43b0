"""Whoever asks a server that stands still has an answer all the same: in time, an error."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine, text

from backend.domain.errors import HistoryUnavailable
from backend.embedded.servers import start_servers
from backend.history.server.connection import connect, translated
from backend.history.server.watched_connection import wait_for_long
from tests.conftest import CACHE
from tests.eventually import eventually


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Of a Postgres that no other test needs."""
    state = Path(tempfile.mkdtemp(prefix="tally-frozen-"))
    yield state
    shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """Where it is."""
    with start_servers(folder, redis=False, for_tests=True, template_cache=CACHE) as servers:
        yield servers.database_url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """Statements may take a second."""
    made = connect(url, statement_timeout=1, connections=2)
    yield made
    made.dispose()


@contextmanager
def _frozen(folder: Path) -> Iterator[None]:
    """All processes of the server stand still."""
    pid_file = folder / "postgres" / "data" / "postmaster.pid"
    postmaster = psutil.Process(int(pid_file.read_text().split()[0]))
    # First, so that none of its children goes unseen or is new.
    postmaster.suspend()
    stopped = [postmaster]
    try:
        for process in postmaster.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                process.suspend()
                stopped.append(process)
        yield
    finally:
        for process in stopped:
            process.resume()


def _ask(engine: Engine) -> int:
    with translated(), engine.connect() as connection:
        return int(connection.execute(text("SELECT 7")).scalar_one())


def test_who_gets_a_connection_of_the_pool_hears_that_it_is_away(
    engine: Engine, folder: Path
) -> None:
    assert _ask(engine) == 7

    with _frozen(folder), pytest.raises(HistoryUnavailable, match="Postgres cannot be used now"):
        _ask(engine)

    assert eventually(lambda: _answers(engine))


def _answers(engine: Engine) -> bool:
    try:
        return _ask(engine) == 7
    except HistoryUnavailable:
        return False


@pytest.mark.parametrize("call", ["execute", "commit"])
def test_who_waits_for_an_answer_does_not_wait_for_ever(
    call: str, engine: Engine, folder: Path
) -> None:
    with pytest.raises(HistoryUnavailable, match=r"it said nothing for 6 s"):
        _ask_while_it_freezes(engine, folder, call)


def _ask_while_it_freezes(engine: Engine, folder: Path, call: str) -> None:
    with translated(), engine.connect() as connection:
        connection.execute(text("SELECT 7"))
        with _frozen(folder):
            getattr(connection, call)(*([text("SELECT 7")] if call == "execute" else []))


def test_what_takes_as_long_as_it_takes_is_waited_for(engine: Engine, folder: Path) -> None:
    said: list[int] = []

    def wait() -> None:
        with engine.begin() as connection:
            wait_for_long(connection)
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            said.append(connection.execute(text("SELECT 7 FROM pg_sleep(7)")).scalar_one())

    waiting = threading.Thread(target=wait)
    waiting.start()
    waiting.join()

    assert said == [7]
    # The next one to have the connection is held to the limits again.
    with translated(), engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        assert driver.patience_seconds == pytest.approx(6)
