"""Servers started with config/redis-acl.conf as it is shipped: passwords set, `default` off.

They are the embedded one, those on the path, and those that TALLY_TEST_REDIS_SERVERS names (a:b).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis import exceptions as refused

from backend.broker.server.connection import connect
from backend.embedded.locate import find_redis_server
from tests.eventually import eventually
from tests.integration.interop.test_redis_acl import ACCOUNTS, FILE

__all__ = ["acl_server", "login", "url_of"]

_ADMIN = "user admin on >secret ~* &* +@all"


def _programs() -> list[str]:
    named = os.environ.get("TALLY_TEST_REDIS_SERVERS", "").split(":")
    on_path = [shutil.which(name) for name in ("redis-server", "valkey-server")]
    found = [str(find_redis_server().path), *on_path, *named]
    return list(dict.fromkeys(path for path in found if path))


@pytest.fixture(scope="module", params=_programs())
def acl_server(request: pytest.FixtureRequest) -> Iterator[Path]:
    """The socket of a server that was started with the file and keeps no back door for us."""
    folder = Path(tempfile.mkdtemp(prefix="tally-acl-"))
    text = FILE.read_text()
    for account in ACCOUNTS:
        text = text.replace(f"user {account} off ", f"user {account} on >secret ")
    (folder / "acl.conf").write_text(f"{text}\n{_ADMIN}\n")
    (folder / "redis.conf").write_text(
        f"port 0\nunixsocket {folder}/s\ndir {folder}\nappendonly yes\nsave ''\n"
        f"maxmemory 100mb\nmaxmemory-policy noeviction\ninclude {folder}/acl.conf\n"
    )
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [request.param, str(folder / "redis.conf")], stdout=output, stderr=output
        )
    try:
        eventually(lambda: process.poll() is not None or _answers(folder / "s"), show=log.read_text)
        assert process.poll() is None, log.read_text()
        yield folder / "s"
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _answers(socket: Path) -> bool:
    try:
        return bool(login(socket, "admin").ping())
    except refused.ConnectionError:
        return False


def url_of(socket: Path, account: str) -> str:
    """The address with an account's name and password."""
    return f"unix://{account}:secret@{socket}"


def login(socket: Path, account: str) -> Redis:
    """A client of an account."""
    return connect(url_of(socket, account))
