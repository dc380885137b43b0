"""What is killed in tests and drills has kept all that it answered, also on a disk that is slow."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from backend.embedded.servers import start_servers

#: Longer than the two seconds after which Redis waits no more for a flush.
_SLOW_DISK = """
#include <unistd.h>
int fdatasync(int descriptor) { sleep(3); return 0; }
"""


@pytest.fixture
def slow_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is started from here on waits for each flush."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler to make a disk slow")
    source, library = tmp_path / "slow.c", tmp_path / "slow.so"
    source.write_text(_SLOW_DISK)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    monkeypatch.setenv("LD_PRELOAD", str(library))


@pytest.fixture
def state() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tally-kill-") as made:
        yield Path(made)


def test_redis_keeps_all_that_it_answered_though_the_disk_is_slow(
    state: Path, slow_disk: None
) -> None:
    """``everysec`` would not: during a flush it answers first and writes later, and lost a drill's jobs."""
    with start_servers(state, for_tests=True, postgres=False) as servers:
        with Redis.from_url(servers.redis_url) as client:
            written = max(client.rpush("kept", *range(100)) for _ in range(3000))

        servers.kill_redis()
        servers.restart_redis()

        with Redis.from_url(servers.redis_url) as client:
            assert client.llen("kept") == written
