"""A process that is forked while another thread of its parent is in the middle of something."""

from __future__ import annotations

import subprocess
import sys

_FIRST_CALL = """
import os, threading
from backend.api.config.settings import Settings
from backend.bootstrap.platform import Platform

in_the_middle, may_go_on = threading.Event(), threading.Event()

class Slow(Platform):
    @property
    def job_queue(self):
        if threading.current_thread() is not threading.main_thread():
            in_the_middle.set()
            may_go_on.wait()
        return super().job_queue

platform = Slow(Settings(redis_url="memory:"))

def call():
    return platform.queue_service.enqueue_job("send_webhook", {"url": "https://example.com/"})

thread = threading.Thread(target=call)
thread.start()
in_the_middle.wait()
child = os.fork()
if not child:
    os._exit(0 if call() else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
may_go_on.set()
thread.join()
"""

_HELD = """
import io, os, time
from concurrent.futures import ThreadPoolExecutor
from backend.api.access.rate_limit import RateLimit
from backend.api.request.enqueue_audit import EnqueueAudit
from backend.broker.server import kept_connections, siblings
from backend.dashboard.drawing.ttl_cache import Fresh
from backend.dashboard.session.session_store import MemorySessions
from backend.memory.record.memory_record import MemoryRecord
from backend.memory.standing_clock import StandingClock
from backend.memory.state import BrokerState
from backend.telemetry.clock import SystemClock
from backend.telemetry.logs.plain_lines import PlainLines
from backend.telemetry.metrics.counts import Timings
from backend.telemetry.outages import Outages
from backend.transactions.until_commit import UntilCommit
from backend.transactions.until_connection_commit import UntilConnectionCommit

def lock_in(owner):
    return owner.lock if isinstance(owner, BrokerState) else owner._lock

def is_held(lock):
    # From another thread: the one that holds it may take an RLock again.
    with ThreadPoolExecutor(1) as other:
        return not other.submit(lock.acquire, False).result()

clock = SystemClock()
owners = [
    RateLimit(1.0, 1, time.monotonic), EnqueueAudit(None), Fresh(time.monotonic, 1.0),
    MemorySessions(time.monotonic), MemoryRecord(clock.now), StandingClock(), BrokerState(clock),
    PlainLines(io.StringIO(), level="info", process="web"), Timings(), Outages(), UntilCommit(print),
    UntilConnectionCommit(print), kept_connections._OF_POOLS, siblings,
]
for owner in owners:
    lock_in(owner).acquire()
fresh = Fresh(time.monotonic, 1.0)
named = fresh._lock_of("overview")
named.acquire()
child = os.fork()
if not child:
    print([type(each).__name__ for each in owners if is_held(lock_in(each))], flush=True)
    print(fresh._lock_of("overview").locked(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(len([each for each in owners if is_held(lock_in(each))]) == len(owners), named.locked())
"""


def _said(script: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    return ran.stdout.splitlines()


def test_it_makes_its_first_call_though_the_parent_is_in_the_middle_of_its_own() -> None:
    assert _said(_FIRST_CALL) == ["0"]


def test_it_waits_for_no_lock_that_a_thread_of_its_parent_holds() -> None:
    assert _said(_HELD) == ["[]", "False", "True True"]
