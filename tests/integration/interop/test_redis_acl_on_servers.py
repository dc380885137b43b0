"""config/redis-acl.conf as it is shipped, on each server that is here: passwords set, `default` off.

Servers are the embedded one, those on the path, and those that TALLY_TEST_REDIS_SERVERS names (a:b).
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

from backend.broker import library
from backend.broker.connection import connect
from backend.broker.keys import Keys
from backend.cli.checks.redis import check_redis
from backend.embedded.locate import find_redis_server
from tests.eventually import eventually
from tests.integration.broker.bench import Bench
from tests.integration.interop import roles
from tests.integration.interop.test_redis_acl import ACCOUNTS, FILE

_ADMIN = "user admin on >secret ~* &* +@all"


def _programs() -> list[str]:
    named = os.environ.get("TALLY_TEST_REDIS_SERVERS", "").split(":")
    on_path = [shutil.which(name) for name in ("redis-server", "valkey-server")]
    found = [str(find_redis_server().path), *on_path, *named]
    return list(dict.fromkeys(path for path in found if path))


@pytest.fixture(scope="module", params=_programs())
def server(request: pytest.FixtureRequest) -> Iterator[Path]:
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
        return bool(_login(socket, "admin").ping())
    except refused.ConnectionError:
        return False


def _login(socket: Path, account: str) -> Redis:
    return connect(f"unix://{account}:secret@{socket}")


def test_each_account_does_all_its_duties_and_nothing_is_denied(server: Path) -> None:
    admin, keys = _login(server, "admin"), Keys("rq")
    for account, duties in ACCOUNTS.items():
        admin.flushall()
        library.load(_login(server, "tally-deploy"))
        roles.furnish(Bench(admin, keys))
        admin.execute_command("ACL", "LOG", "RESET")

        duties(_login(server, account), keys)

        denied = admin.acl_log()
        assert [entry["object"] for entry in denied] == [], account


def test_who_gives_no_name_gets_no_further(server: Path) -> None:
    with pytest.raises(refused.AuthenticationError):
        connect(f"unix://{server}").ping()


def test_no_service_brings_code_into_it(server: Path) -> None:
    for account in ACCOUNTS.keys() - {"tally-deploy"}:
        with pytest.raises(refused.NoPermissionError):
            _login(server, account).function_flush()


def test_doctor_is_content_with_the_operators_account(server: Path) -> None:
    library.load(_login(server, "tally-deploy"))

    findings = list(check_redis(_login(server, "tally-operator"), lambda: 0.0))

    assert [f.text for f in findings if f.level != "ok" and f.code != "clock"] == []


def test_doctor_says_that_strangers_are_let_in_beside_accounts(server: Path) -> None:
    admin = _login(server, "admin")
    admin.execute_command("ACL", "SETUSER", "default", "on", "nopass", "~*", "+@all")

    found = {f.code: f.remedy for f in check_redis(_login(server, "tally-operator"), lambda: 0.0)}

    admin.execute_command("ACL", "SETUSER", "default", "off")
    assert "user default off" in found["redis_default_open"]


def test_doctor_under_a_services_account_says_whose_it_needs(server: Path) -> None:
    [only] = check_redis(_login(server, "tally-worker"), lambda: 0.0)

    assert (only.code, only.level) == ("redis_facts_hidden", "warning")
    assert "tally-operator" in only.remedy
