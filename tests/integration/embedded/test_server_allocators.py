"""The Redis of the wheel works with an allocator that is preloaded into it, and into nothing else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest
import redis

from backend.broker.server.allocator import LIBC, allocator_in_use
from backend.embedded.locate import find_redis_server
from backend.embedded.state.state_directory import StateDirectory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="preloads are Linux'")


@pytest.fixture
def info(servers):
    client = redis.Redis.from_url(servers.redis_url)
    yield client.info()
    client.close()


def _environments(state_dir: Path) -> dict[str, dict[str, str]]:
    return {
        server.name: psutil.Process(server.pid()).environ()
        for server in StateDirectory(state_dir).servers()
    }


def test_a_server_we_start_never_works_with_the_bare_allocator_of_libc(servers, info):
    assert allocator_in_use(info) not in {"", LIBC}


def test_one_built_with_libc_has_another_preloaded(servers, info):
    if find_redis_server().allocator != LIBC:
        pytest.skip("this server brings its own allocator")

    assert allocator_in_use(info) in {"libc, mimalloc preloaded", "libc, jemalloc preloaded"}


def test_no_other_process_gets_it(servers, shared_state_dir):
    ours = {name: os.environ.get(name) for name in ("LD_PRELOAD", "GLIBC_TUNABLES")}
    postgres = _environments(shared_state_dir)["Postgres"]

    assert {name: postgres.get(name) for name in ours} == ours


def test_waiting_jobs_stay_in_their_compact_form(servers):
    client = redis.Redis.from_url(servers.redis_url)

    assert client.config_get("hash-max-listpack-value")["hash-max-listpack-value"] == "1024"
