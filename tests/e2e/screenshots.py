"""Makes the pictures of the documentation: ``python -m tests.e2e.screenshots <folder>``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from backend.embedded.servers import start_servers
from backend.history.schema.migrator import Migrator
from backend.history.server.connection import connect
from tests.e2e.browser import launched, sign_in
from tests.e2e.demonstration import fill
from tests.e2e.stage import BOOTSTRAP, Stage

_DESKTOP, _PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
_TALLEST = 1400
#: What is shown of what is not there.
FAILURE = {"not-found": "/job/nobody"}


def addresses(stage: Stage) -> dict[str, str]:
    """Every page, by the name of its picture."""
    look = stage.platform.inspection
    dead = [job_id for job_id, _ in look.dead(0, 100)]
    failed = next(job.id for job in look.jobs(dead) if job.error and job.error.traceback)
    running = look.started("normal")[0]
    return {
        "overview": "",
        "overview-week": "?range=week",
        "overview-queue": "?range=day&queue=normal",
        "jobs": "/search",
        "job": f"/job/{failed}",
        "job-running": f"/job/{running}",
        "dead-letters": "/dead",
        "bulk": "/bulk/redrive?kind=ConnectionError&type=sync_customer",
        "queues": "/queues",
        "purge": "/queues/low:media/purge",
        "workers": "/workers",
        "schedules": "/schedules",
        "schedule": "/schedules/thumbnails",
        "audit": "/audit",
        "keys": "/keys",
    }


def shoot(browser: Any, url: str, pages: dict[str, str], folder: Path) -> None:
    """Every page light and dark, and those that people open on the way on a phone."""
    on_the_way = {name: pages[name] for name in ("overview", "jobs", "job", "dead-letters")}
    for place, size, shown in (("wide", _DESKTOP, pages), ("phone", _PHONE, on_the_way)):
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport=size, color_scheme=scheme)
            page = context.new_page()
            page.goto(f"{url}/sign-in")
            page.screenshot(path=folder / f"sign-in-{place}-{scheme}.png")
            sign_in(page, url, BOOTSTRAP)
            for name, address in shown.items():
                page.goto(url + address)
                page.wait_for_selector("h1")
                _frame(page, size)
                page.screenshot(path=folder / f"{name}-{place}-{scheme}.png")
            context.close()


def _frame(page: Any, size: dict[str, int]) -> None:
    """As much of the page as there is, within reason."""
    page.set_viewport_size(size)
    tall = page.evaluate("document.querySelector('main').scrollHeight")
    height = max(size["height"] * 2 // 3, min(tall, _TALLEST))
    page.set_viewport_size({"width": size["width"], "height": height})


def main(folder: Path) -> None:
    """Starts everything, fills it, takes the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tally-pictures-") as state:
        servers = start_servers(Path(state), for_tests=True)
        try:
            engine = connect(servers.database_url)
            Migrator(engine).apply()
            engine.dispose()
            files = Path(state) / "artifacts"
            with (
                Stage(servers.redis_url, servers.database_url, files, label="demo") as stage,
                launched() as browser,
            ):
                fill(stage)
                shoot(browser, stage.url, addresses(stage) | FAILURE, folder)
        finally:
            servers.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
