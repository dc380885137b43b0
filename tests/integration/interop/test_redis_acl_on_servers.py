"""config/redis-acl.conf on each server that is here: no account lacks a right, and nobody else comes in."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis import exceptions as refused

from backend.broker.keys import Keys
from backend.broker.server import library
from backend.broker.server.connection import connect
from backend.cli.checks.redis import check_redis
from tests.integration.broker.bench import Bench
from tests.integration.interop import roles
from tests.integration.interop.acl_servers import acl_server, login
from tests.integration.interop.test_redis_acl import ACCOUNTS

__all__ = ["acl_server"]


def test_each_account_does_all_its_duties_and_nothing_is_denied(acl_server: Path) -> None:
    admin, keys = login(acl_server, "admin"), Keys("rq")
    for account, duties in ACCOUNTS.items():
        admin.flushall()
        library.load(login(acl_server, "tally-deploy"))
        roles.furnish(Bench(admin, keys))
        admin.execute_command("ACL", "LOG", "RESET")

        duties(login(acl_server, account), keys)

        denied = admin.acl_log()
        assert [entry["object"] for entry in denied] == [], account


def test_who_gives_no_name_gets_no_further(acl_server: Path) -> None:
    with pytest.raises(refused.AuthenticationError):
        connect(f"unix://{acl_server}").ping()


def test_no_service_brings_code_into_it(acl_server: Path) -> None:
    for account in ACCOUNTS.keys() - {"tally-deploy"}:
        with pytest.raises(refused.NoPermissionError):
            login(acl_server, account).function_flush()


#: What doctor may say of any server that a packager built and nobody tuned, whoever asks.
_OF_THE_SERVER = {"clock", "redis_allocator", "redis_listpack"}


def test_doctor_is_content_with_the_operators_account(acl_server: Path) -> None:
    library.load(login(acl_server, "tally-deploy"))

    findings = list(check_redis(login(acl_server, "tally-operator"), lambda: 0.0))

    assert [f.text for f in findings if f.level != "ok" and f.code not in _OF_THE_SERVER] == []


def test_doctor_says_that_strangers_are_let_in_beside_accounts(acl_server: Path) -> None:
    admin = login(acl_server, "admin")
    admin.execute_command("ACL", "SETUSER", "default", "on", "nopass", "~*", "+@all")

    found = {
        f.code: f.remedy for f in check_redis(login(acl_server, "tally-operator"), lambda: 0.0)
    }

    admin.execute_command("ACL", "SETUSER", "default", "off")
    assert "user default off" in found["redis_default_open"]


def test_doctor_under_a_services_account_says_whose_it_needs(acl_server: Path) -> None:
    [only] = check_redis(login(acl_server, "tally-worker"), lambda: 0.0)

    assert (only.code, only.level) == ("redis_facts_hidden", "warning")
    assert "tally-operator" in only.remedy
