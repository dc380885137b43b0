"""Fixtures for pytest. None is used unless a test asks for it, and nothing of Tally is imported before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tally.testing.queue_in_test import QueueInTest
    from tally.testing.real_worker import RealWorkers
    from tally.testing.servers import ServersInTest

_MARKER = (
    "tally(mode, **options): how tally_queue stands in for the real queue: mode is memory (by default), "
    "inline or live, options are those of tally.testing's function of that name. tally_inline and "
    "tally_live take the options of their own mode"
)


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def tally_queue(request: pytest.FixtureRequest) -> Iterator[QueueInTest]:
    """A queue in memory, empty, for this test alone; a marker ``tally`` says it otherwise."""
    from tally import testing

    mode, said = _said(request)
    modes = {"memory": testing.memory, "inline": testing.inline}
    if mode == "live":
        yield request.getfixturevalue("tally_live")
    elif mode in modes:
        with modes[mode](**said) as queue:
            yield queue
    else:
        raise pytest.UsageError(f"tally mode is memory, inline or live, not {mode!r}")


def _said(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The mode that a test's marker says, and the options of it."""
    marker = request.node.get_closest_marker("tally")
    said = dict(marker.kwargs) if marker else {}
    mode = marker.args[0] if marker and marker.args else said.pop("mode", "memory")
    return mode, said


def _options(request: pytest.FixtureRequest, mode: str) -> dict[str, Any]:
    """The options of a marker that says this mode."""
    said_mode, said = _said(request)
    return said if said_mode == mode else {}


@pytest.fixture
def tally_inline(request: pytest.FixtureRequest) -> Iterator[QueueInTest]:
    """A queue that runs each job before the call returns that enqueued it."""
    from tally.testing import inline

    with inline(**_options(request, "inline")) as queue:
        yield queue


@pytest.fixture(scope="session")
def tally_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServersInTest]:
    """A real Redis, and a Postgres if it is asked for: the environment's, else ones of this run."""
    from tally.testing.servers import ServersInTest

    with ServersInTest(tmp_path_factory.mktemp("tally")) as servers:
        yield servers


@pytest.fixture
def tally_live(
    request: pytest.FixtureRequest, tally_servers: ServersInTest
) -> Iterator[QueueInTest]:
    """A queue in a real Redis, empty, for this test alone."""
    from tally.testing import live

    said = _options(request, "live")
    # The servers of this run are started when their address is first asked for.
    url = said.pop("redis_url", None) or tally_servers.redis_url
    with live(redis_url=url, **said) as queue:
        yield queue


@pytest.fixture
def tally_worker(tally_live: QueueInTest) -> Iterator[RealWorkers]:
    """Starts real worker processes for the queue of ``tally_live``: ``tally_worker.start("email")``."""
    with tally_live.real_workers() as workers:
        yield workers
