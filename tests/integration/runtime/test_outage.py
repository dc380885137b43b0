"""What callers see when Redis is away: one clear error, within two seconds, and nothing enqueued."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.api.config.settings import load_settings
from backend.bootstrap import Platform
from backend.domain.errors import QueueUnavailable


@pytest.fixture
def silent_server() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def refused_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("where", ["refused", "silent", "no socket"])
def test_queue_unavailable_comes_within_two_seconds(
    where: str, silent_server: int, tmp_path: Path
) -> None:
    url = {
        "refused": f"redis://127.0.0.1:{refused_port()}/0",
        "silent": f"redis://127.0.0.1:{silent_server}/0",
        "no socket": f"unix://{tmp_path}/none.sock",
    }[where]
    platform = Platform(load_settings(redis_url=url, job_packages="examples"))

    began = time.monotonic()
    with pytest.raises(QueueUnavailable, match="check REDIS_URL"):
        platform.queue_service.enqueue_job("greet", {"name": "Ada"})

    assert time.monotonic() - began < 2
