"""Worker processes need threads of the operating system, and say so before they start."""

from __future__ import annotations

from collections.abc import Callable

from tests.integration.runtime.cluster import Cluster

#: What gevent's `monkey.patch_all()` does to threads, without gevent.
_PATCH = """
import _thread
from workers.base_worker import job_type

def start_new_thread(*args, **kwargs):
    raise AssertionError("green")

start_new_thread.__module__ = "gevent.thread"
_thread.start_new_thread = start_new_thread

@job_type("greet_green")
def greet_green(payload: dict) -> None: ...
"""


def test_a_job_package_that_replaces_threads_is_refused_in_one_sentence(
    make_cluster: Callable[..., Cluster],
) -> None:
    cluster = make_cluster(PYTHONPATH="")
    (cluster.folder / "greenjobs.py").write_text(_PATCH)
    cluster.environment |= {
        "PYTHONPATH": str(cluster.folder),
        "TALLY_JOB_PACKAGES": "greenjobs",
    }

    assert cluster.start("worker").wait(60) == 1

    *_, said = cluster.log().splitlines()
    assert said == (
        "tally: a job package, or what it imports, replaces Python's threads by those of gevent "
        "(its monkey patch; grequests and locust do so too when they are imported), and no job could "
        "run: leave out the patch, or run that code as a program of its own [configuration_error]"
    )
