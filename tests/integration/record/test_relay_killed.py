"""Relay processes that are killed with SIGKILL, again and again, while jobs come, run and leave Redis."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

from backend.embedded.servers import Servers
from tests.integration.record.bureau import Bureau

ROOT = Path(__file__).parents[3]
#: After how many more jobs each relay is killed: anywhere within its batches of five.
KILLS = (23, 111, 54, 97, 32, 76)
JOBS = 800


def _relay(bureau: Bureau, servers: Servers) -> subprocess.Popen[bytes]:
    url = bureau.engine.url.render_as_string(hide_password=False)
    module = "tests.integration.record.relay_process"
    return subprocess.Popen(
        [sys.executable, "-m", module, servers.redis_url, url], cwd=ROOT, stderr=subprocess.DEVNULL
    )


def test_each_job_runs_once_however_often_the_relay_is_killed(
    bureau: Bureau, servers: Servers
) -> None:
    """Jobs leave Redis the moment they are done, so that every one sent twice would run twice."""
    ran: Counter[str] = Counter()
    stop = threading.Event()

    def work() -> None:
        recorder = bureau.chronicle.recorder()
        while not stop.is_set():
            ran.update(bureau.run_all())
            recorder.record_batch()

    for _ in range(0, JOBS, 50):
        bureau.outbox_service.enqueue([bureau.job(result_ttl=0) for _ in range(50)])
    worker = threading.Thread(target=work)
    worker.start()
    try:
        for more in KILLS:
            sent = bureau.rows("SELECT count(*) AS n FROM job_outbox WHERE sent_at IS NOT NULL")
            relay = _relay(bureau, servers)
            goal = sent[0]["n"] + more
            bureau.eventually(lambda goal=goal: len(ran) >= min(goal, JOBS), seconds=30)
            relay.kill()
            relay.wait()
        bureau.eventually(lambda: not bureau.redis.exists("rq:tally:leader:relay"))
        bureau.eventually(
            lambda: bureau.relay_all() or not bureau.outbox.depth().waiting, seconds=30
        )
        bureau.eventually(lambda: len(ran) == JOBS, seconds=30)
    finally:
        stop.set()
        worker.join()

    assert set(ran.values()) == {1}
