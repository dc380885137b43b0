"""A deployment of the last release, with jobs in every state, is upgraded while it works.

``scripts/test-last-release.sh`` puts the last release into a folder, TALLY_TEST_LAST_RELEASE. With
TALLY_TEST_UPGRADE_JOBS=100000 this is the long form.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.domain.jobs.job_state import JobState
from backend.embedded.servers import start_servers
from tests.conftest import CACHE
from tests.drills.upgrading import Upgrade
from tests.eventually import eventually
from tests.integration.history.chronicle import UNTRUE
from tests.integration.history.databases import rows
from tests.integration.runtime.cluster import THIS_RELEASE, Release

_CHECKOUT = os.environ.get("TALLY_TEST_LAST_RELEASE", "")
pytestmark = pytest.mark.skipif(not _CHECKOUT, reason="run by scripts/test-last-release.sh")
LAST = Release(Path(_CHECKOUT), str(Path(_CHECKOUT, ".venv/bin/python")))
JOBS = int(os.environ.get("TALLY_TEST_UPGRADE_JOBS", "1200"))


@pytest.fixture
def upgrade(tmp_path: Path) -> Iterator[Upgrade]:
    """Stores of the last release, with nothing on them."""
    state = Path(tempfile.mkdtemp(prefix="tally-upgrade-"))
    with start_servers(state, for_tests=True, template_cache=CACHE) as servers:
        made = Upgrade(servers.redis_url, servers.database_url, tmp_path)
        yield made
        made.engine.dispose()
        made.end()
    shutil.rmtree(state, ignore_errors=True)


def test_nothing_is_lost_or_doubled_and_history_stays_whole(upgrade: Upgrade) -> None:
    upgrade.migrate(LAST)
    old = [upgrade.start(name, release=LAST) for name in ("scheduler", "recorder")]
    old.append(upgrade.workers(processes=2, concurrency=8, release=LAST))
    upgrade.enqueue_by(LAST, JOBS // 2)
    go = upgrade.folder / "go"
    held = [upgrade.enqueue("hold", {"until": str(go)}, timeout=600) for _ in range(3)]
    eventually(lambda: set(upgrade.on_record()) >= set(upgrade.expected()), timeout=600)

    callers = threading.Thread(
        target=lambda: [upgrade.enqueue_by(LAST, JOBS // 10) for _ in range(3)]
    )
    callers.start()
    assert "applied 20260202_025_jobs_by_month.sql" in upgrade.migrate(THIS_RELEASE)
    for name in ("scheduler", "recorder"):
        upgrade.start(name)
    upgrade.workers(processes=2, concurrency=8)
    for process in old:
        process.send_signal(signal.SIGTERM)
    upgrade.enqueue_by(THIS_RELEASE, JOBS // 5)
    callers.join()
    go.touch()
    for process in old:
        process.wait()

    # Those that ran while their worker was stopped were given back and run again, uncharged.
    assert {upgrade.ended(job_id, timeout=600).state for job_id in held} == {JobState.FINISHED}
    expected = upgrade.expected()
    eventually(
        lambda: upgrade.on_record() == expected,
        timeout=1200,
        show=lambda: str(set(upgrade.on_record().items()) ^ set(expected.items()))[:4000],
    )
    notes = [*upgrade.accepted["finished"], *held]
    assert sorted(set(upgrade.lines())) == sorted(notes)
    assert [job_id for job_id in upgrade.run_twice() if job_id not in held] == []
    assert upgrade.gaps_in_history() == []
    assert rows(upgrade.engine, UNTRUE) == []
    assert upgrade.difference() == 0
    assert upgrade.reconciled()["is_balanced"]
