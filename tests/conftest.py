"""The servers of a test session: a real Redis and a real Postgres, started once, ended with it.

Where ``TALLY_TEST_STATE`` names a folder, servers started there by scripts/test.sh are used.
"""

from __future__ import annotations

import gc
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from backend.domain.jobs.hooks.in_use import IN_USE
from backend.embedded.servers import Servers, start_servers
from backend.telemetry.logs.logger import Logger
from tests.patient_servers import PatientServers

_CONFIGURE = structlog.configure
CACHE = Path(tempfile.gettempdir()) / f"tally-test-templates-{os.getuid()}"

# Tests start hundreds of processes: without bytecode beside the sources, each would compile everything.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

#: Where files are shared out among processes, whoever begins a long one last keeps all others waiting.
LONGEST_FIRST = (
    "acceptance",
    "drills",
    "e2e",
    "contract/wheels",
    "contract/examples",
    "integration/runtime",
    "integration/development",
    "integration/cli",
    "integration/history",
    "integration/api",
    "integration/metrics",
    "architecture",
    "contract",
    "property",
    "integration/record",
    "integration",
    "unit",
)

#: All that these have in common: a deployment and a browser, wheels of this tree, its syntax trees.
TOGETHER = {
    "journeys": ("tests/e2e/",),
    "wheels": ("tests/contract/wheels/", "tests/contract/examples/"),
    "trees": ("tests/architecture/",),
}


# On a machine that is busy examples are slow to make and to try, and none of them is at fault.
settings.register_profile(
    "busy", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy")

# Four thousand tests are millions of objects: to look for garbage among them took a fifth of the time.
gc.disable()


def pytest_collection_finish() -> None:
    """From here on garbage is collected, but among what the tests make only, and less often."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


class _ToldAtOnce:
    """Names what fails when it does: who ends a long run before its end knows what it found."""

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter = reporter

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._reporter.ensure_newline()
            self._reporter.write_line(f"failed: {report.nodeid} ({report.when})", red=True)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Ctrl-C is heard, and failures are named by the process that prints."""
    # The background of a shell ignores it and hands that down: what tests start and interrupt would go on.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_ToldAtOnce(reporter))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folders whose tests take longest come first."""
    items.sort(key=lambda item: _place(item.path.parent))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Each file stays in one process, and with it those that share what takes long to make."""

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            together = (name for name, tops in TOGETHER.items() if nodeid.startswith(tops))
            return next(together, super()._split_scope(nodeid))

    return Scheduling(config, log)


@cache
def _place(folder: Path) -> int:
    folder = folder.relative_to(Path(__file__).parent)
    return next(place for place, each in enumerate(LONGEST_FIRST) if folder.is_relative_to(each))


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Both servers of this session."""
    state = Path(tempfile.mkdtemp(prefix="tally-tests-"))
    started = PatientServers(start_servers(state, for_tests=True, template_cache=CACHE))
    yield started
    started.stop()
    shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """What a test, or a command in it, sets up for logs is gone after it: they share their process."""
    root, factory = logging.getLogger(), logging.getLogRecordFactory()
    handlers, level = root.handlers[:], root.level
    # A logger that kept what it was first set up with would write to a stream that the test has closed.
    structlog.configure = lambda **chosen: _CONFIGURE(
        **(chosen | {"cache_logger_on_first_use": False})
    )
    yield
    structlog.configure = _CONFIGURE
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.setLogRecordFactory(factory)
    Logger.lines = None
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def own_middleware() -> Iterator[None]:
    """What a test puts into use is gone after it."""
    IN_USE.forget()
    yield
    IN_USE.forget()
