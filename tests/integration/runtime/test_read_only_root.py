"""Processes on a read-only root file system with one writable folder, as in a hardened container."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.runtime.cluster import ROOT, Cluster

_READ_ONLY = """
mount --make-rprivate / && mount --bind "$0" "$0" && mount -o remount,ro,bind / || exit 99
exec "$@"
"""


def _can_mount() -> bool:
    if not shutil.which("unshare"):
        return False
    command = ["unshare", "--mount", "mount", "--make-rprivate", "/"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not _can_mount(), reason="this account may not mount")


def _start(cluster: Cluster, *command: str, writable: str) -> subprocess.Popen[bytes]:
    python = [sys.executable, "-m", "backend.cli.main", *command]
    shell = ["unshare", "--mount", "sh", "-c", _READ_ONLY, writable, *python]
    with (cluster.folder / "log").open("ab") as log:
        process = subprocess.Popen(
            shell,
            env=cluster.environment,
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    cluster.processes.append(process)
    return process


def test_jobs_run_with_the_state_folder_alone(make_cluster: Callable[..., Cluster]) -> None:
    cluster = make_cluster()
    cluster.environment |= {"TALLY_STATE_DIR": str(cluster.folder), "PYTHONDONTWRITEBYTECODE": "1"}
    started = [
        _start(cluster, *command, writable=str(cluster.folder))
        for command in (["worker", "default"], ["scheduler"], ["api", "--port=0"])
    ]

    jobs = [cluster.enqueue(kind, delay=0.1) for kind in ("note", "isolated_note", "scratch")]

    for job_id in jobs:
        job = cluster.ended(job_id)
        assert job.state is JobState.FINISHED, cluster.log()
    assert job.result == str(cluster.folder / "tmp")
    eventually(lambda: "api.listening" in cluster.log(), timeout=30, show=cluster.log)
    assert [process.poll() for process in started] == [None] * 3


def test_without_any_writable_folder_one_sentence_says_what_to_mount(
    make_cluster: Callable[..., Cluster],
) -> None:
    cluster = make_cluster()
    cluster.environment["HOME"] = "/"
    for name in ("TALLY_STATE_DIR", "TMPDIR"):
        cluster.environment.pop(name, None)
    nowhere = os.fspath(cluster.folder)

    for command in (["worker", "default"], ["api", "--port=0"]):
        assert _start(cluster, *command, writable=nowhere).wait(60) == 1

    sentence = (
        "tally: no folder for temporary files is writable: mount one at /tmp, or name one in TMPDIR "
        "or TALLY_STATE_DIR [configuration_error]\n"
    )
    assert cluster.log() == sentence * 2
