"""The accounts of config/redis-users.acl: ours can do all that ours must, strangers and viewers cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError

from backend.broker import library
from backend.embedded.servers import Servers
from tests.eventually import eventually
from tests.integration.runtime.cluster import ROOT, Cluster

_PASSWORDS = {"tally": "change-me", "viewer": "change-me-too"}


@pytest.fixture
def accounts(servers: Servers) -> Iterator[Servers]:
    """The shipped accounts beside the open one that the other tests use."""
    client = Redis.from_url(servers.redis_url)
    client.flushall()
    client.function_flush()
    for line in (ROOT / "config" / "redis-users.acl").read_text().splitlines():
        _, name, *rules = line.split()
        if name in _PASSWORDS:
            client.execute_command("ACL", "SETUSER", name, "reset", *rules)
    yield servers
    for name in _PASSWORDS:
        client.acl_deluser(name)
    client.close()


def _url(servers: Servers, account: str) -> str:
    return servers.redis_url.replace("unix://", f"unix://{account}:{_PASSWORDS[account]}@")


@pytest.fixture
def cluster(accounts: Servers, record_url: str, tmp_path: Path) -> Iterator[Cluster]:
    """A deployment that knows only the account `tally`."""
    cluster = Cluster(
        _url(accounts, "tally"),
        tmp_path,
        JOB_QUEUE_DATABASE_URL=record_url,
        TALLY_WORKER__HEARTBEAT="0.5",
        TALLY_WORKER__LEASE="3",
        TALLY_SCHEDULER__RESCUE_GRACE="1",
    )
    yield cluster
    cluster.end()


def test_our_processes_do_all_their_work_with_their_account(cluster: Cluster) -> None:
    for process in ("scheduler", "recorder"):
        cluster.start(process)
    cluster.workers("default")

    done = cluster.enqueue("note", delay=0.2)
    failed = cluster.enqueue("fail", max_retries=1)

    assert cluster.ended(done).state == "finished"
    assert cluster.ended(failed).state == "failed"
    eventually(
        lambda: (
            cluster.platform.redis.xpending(cluster.platform.keys.events, "recorder")["pending"]
            == 0
        ),
        show=cluster.log,
    )
    assert "NOPERM" not in cluster.log()
    assert cluster.difference() == 0


@pytest.mark.parametrize(
    "command",
    [
        ("FLUSHALL",),
        ("CONFIG", "SET", "appendonly", "no"),
        ("KEYS", "*"),
        ("EVAL", "return 1", "0"),
        ("SHUTDOWN", "NOSAVE"),
        ("SET", "other:key", "1"),
    ],
)
def test_our_account_cannot_harm_the_server(accounts: Servers, command: tuple[str, ...]) -> None:
    client = Redis.from_url(_url(accounts, "tally"))

    with pytest.raises(NoPermissionError):
        client.execute_command(*command)
    client.close()


def test_a_viewer_reads_and_changes_nothing(accounts: Servers) -> None:
    ours = Redis.from_url(_url(accounts, "tally"))
    library.load(ours)
    ours.lpush("rq:queue:high", "a")
    viewer = Redis.from_url(_url(accounts, "viewer"))

    assert viewer.llen("rq:queue:high") == 1
    for command in (("LPOP", "rq:queue:high"), ("FCALL", "x", "0"), ("DEL", "rq:queue:high")):
        with pytest.raises(NoPermissionError):
            viewer.execute_command(*command)
    ours.close()
    viewer.close()
