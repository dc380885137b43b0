"""What callers see when Redis is away: one clear error, within two seconds, and nothing enqueued."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.api.config.settings import load_settings
from backend.bootstrap.platform import Platform
from backend.domain.errors import QueueUnavailable


@pytest.fixture
def silent_server() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def web_server() -> Iterator[int]:
    """A port on which something answers that is no Redis."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    connection.close()

        threading.Thread(target=answer, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def refused_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("where", ["refused", "silent", "no socket", "no redis"])
def test_queue_unavailable_says_where_to_look(
    where: str, silent_server: int, web_server: int, tmp_path: Path
) -> None:
    url = {
        "refused": f"redis://127.0.0.1:{refused_port()}/0",
        "silent": f"redis://127.0.0.1:{silent_server}/0",
        "no redis": f"redis://127.0.0.1:{web_server}/0",
        "no socket": f"unix://{tmp_path}/none.sock",
    }[where]
    platform = Platform(load_settings(redis_url=url, job_packages="examples"))

    with pytest.raises(QueueUnavailable, match="check REDIS_URL"):
        platform.queue_service.enqueue_job("greet", {"name": "Ada"})
