"""A stage for all journeys, and a browser to make them with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from backend.embedded.servers import Servers
from tests.e2e.browser import Observer, chromium_path, launched, sign_in
from tests.e2e.live_jobs import ended_well
from tests.e2e.puppet_worker import PuppetWorker
from tests.e2e.stage import BOOTSTRAP, Stage
from tests.integration.history.databases import migrated_database


@pytest.fixture(scope="package")
def stage_database(servers: Servers) -> Iterator[str]:
    """The URL of a database that has every table."""
    with migrated_database(servers.database_url) as url:
        yield url


@pytest.fixture(scope="package")
def stage(
    servers: Servers, stage_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """Everything, with its loops running; ended with these tests: others use its Redis."""
    folder: Path = tmp_path_factory.mktemp("artifacts")
    with Stage(servers.redis_url, stage_database, folder) as stage:
        stage.run_loops()
        yield stage


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Chromium; without one these tests are skipped."""
    if chromium_path() is None:
        pytest.skip("there is no Chromium: install Debian's, or name one in TALLY_TEST_CHROMIUM")
    pytest.importorskip("playwright", reason="playwright drives the browser")
    with launched() as browser:
        yield browser


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    """A browser that knows nobody yet."""
    with _context(browser) as context:
        yield context


@pytest.fixture(scope="package")
def admin(browser: Any, stage: Stage) -> Iterator[Any]:
    """A browser in which an admin has signed in."""
    with _context(browser) as context:
        page = context.new_page()
        sign_in(page, stage.url, BOOTSTRAP)
        # It stays: where a browser has no page left, the next one costs a window and two processes.
        page.goto("about:blank")
        yield context


@pytest.fixture
def page(admin: Any) -> Iterator[Any]:
    """An empty page of somebody who is signed in as admin."""
    page = admin.new_page()
    yield page
    page.close()


@pytest.fixture
def observer(page: Any, stage: Stage) -> Observer:
    """What that page did that it must not."""
    return Observer(page, stage.url.partition("/dashboard")[0])


@pytest.fixture
def policy_kept(observer: Observer) -> Iterator[None]:
    """Whatever the page does while it is live, it does it without an error of a script."""
    yield
    assert [each for each in observer.errors if "Failed to load" not in each] == []


@pytest.fixture
def worker(stage: Stage) -> Iterator[PuppetWorker]:
    """Ends jobs well, and leaves nothing waiting behind."""
    worker = PuppetWorker(stage.platform, ["default", "media"], ended_well, "live")
    worker.work_off()
    yield worker
    worker.act = ended_well
    worker.work_off()


@contextmanager
def _context(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    yield context
    context.close()
