"""config/redis-acl.conf: every step works under its account, and nothing else does."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from redis import Redis
from redis.exceptions import NoPermissionError, RedisError

from backend.broker.keys import Keys
from backend.broker.schedules.job_promoter import JobPromoter
from backend.broker.server import library
from backend.broker.server.connection import connect
from backend.broker.server.functions import Functions, load_library
from backend.domain.errors import QueueUnavailable
from backend.embedded.redis_server import RedisOptions, RedisServer
from tests.integration.broker.bench import Bench, new_job
from tests.integration.interop import roles
from tests.integration.interop.conftest import ROOT, RqCommand
from tests.integration.interop.inner_commands import sent_by_steps

FILE = ROOT / "config" / "redis-acl.conf"
ACCOUNTS: dict[str, Callable[[Redis, Keys], None]] = {
    "tally-deploy": roles.deploy,
    "tally-api": roles.serve,
    "tally-operator": roles.operate,
    "tally-worker": roles.work_and_keep_up,
    "tally-clock": roles.keep_time,
}
SERVICES = [name for name in ACCOUNTS if name != "tally-deploy"]
_ASKED = (
    *("found", "enqueue", "await", "cancel", "redrive", "discard", "reprioritise"),
    "run_now",
    *("pause", "resume", "limit", "controls", "adopt", "muster", "purge", "evict"),
    *(
        "rate",
        "key_rate",
        "key_limit",
        "quota",
        "count_in",
        "fairness",
        "breaker",
        "freeze",
        "twin",
    ),
)
#: A server that was restored without the functions has them again by itself.
_LOADS = "tally-clock"
_BOOKS = (
    *("facts", "recount", "enrolment", "reseat", "restore", "remake", "remind"),
    *("attest", "balance"),
)
_WORK = (
    *("found", "claim", "pick_out", "settle", "extend"),
    *("progress", "checkpoint", "rescue", "prune", "declare"),
    *("appear", "controls", "adopt"),
    # What a handler enqueues.
    *("enqueue", "twin"),
    *_BOOKS,
)
#: The steps that each service calls.
STEPS = {
    "tally-api": _ASKED,
    "tally-operator": (*_ASKED, *_WORK, "raise", "give_back"),
    "tally-worker": _WORK,
    "tally-clock": (
        *("found", "promote", "lead", "rescue", "prune", "relay", "enqueue", "cancel", "usher"),
        *("follow", "plan", "find_lines"),
        *("controls", "adopt", "raise", "change_over", "trim", "shed"),
        *_BOOKS,
    ),
}
#: What connections need, whatever they are for.
CONNECTING = {"ping", "hello", "select", "client|setname", "unsubscribe"}
ROOTS = ["rq", "{tally}"]
#: Here the server's own tests come in by it; test_redis_acl_on_servers.py has it as it is shipped.
NOBODY = "user default off"


class Guarded(NamedTuple):
    """A Redis whose only way in for us is one of the accounts."""

    admin: Redis
    url: str

    def login(self, account: str) -> Redis:
        """A client of one account."""
        return connect(self.url_of(account))

    def url_of(self, account: str) -> str:
        """The address with the account's name and password."""
        return self.url.replace("unix://", f"unix://{account}:secret@")


def _granted(account: str) -> set[str]:
    [line] = [x for x in FILE.read_text().splitlines() if x.startswith(f"user {account} ")]
    return {word[1:] for word in line.split() if word.startswith("+")}


@pytest.fixture(scope="module", params=ROOTS)
def root(request: pytest.FixtureRequest) -> str:
    """The key prefix of the deployment."""
    return str(request.param)


@pytest.fixture(scope="module")
def server(root: str) -> Iterator[Guarded]:
    """A server that was started with the file as its operators are told to."""
    folder = Path(tempfile.mkdtemp(prefix="tally-acl-"))
    text = FILE.read_text().replace(" off ", " on >secret ").replace("~rq", f"~{root}")
    text = text.replace(NOBODY, "user default on nopass ~* &* +@all")
    (folder / "acl.conf").write_text(text.replace("&rq", f"&{root}"))
    options = RedisOptions(append_only=False, extra_args=("--include", str(folder / "acl.conf")))
    made = RedisServer(folder, socket_dir=folder, log=folder / "log", options=options)
    made.start()
    admin = connect(made.url)
    yield Guarded(admin, made.url)
    admin.close()
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def guarded(server: Guarded, root: str) -> Guarded:
    """The server with jobs in every state."""
    server.admin.flushall()
    library.load(server.admin)
    roles.furnish(Bench(server.admin, Keys(root)))
    return server


@pytest.mark.parametrize("account", ACCOUNTS)
def test_each_account_may_do_all_its_processes_do(
    guarded: Guarded, root: str, account: str
) -> None:
    client = guarded.login(account)

    ACCOUNTS[account](client, Keys(root))

    client.close()
    names = [name.decode() for name in guarded.admin.scan_iter(count=1000)]
    assert [name for name in names if not name.startswith(f"{root}:")] == []


@pytest.mark.parametrize("account", SERVICES)
def test_each_account_has_the_commands_of_its_steps_and_what_its_processes_send(
    guarded: Guarded, root: str, account: str
) -> None:
    client = guarded.login(account)
    guarded.admin.config_resetstat()

    ACCOUNTS[account](client, Keys(root))

    client.close()
    seen = {name.removeprefix("cmdstat_") for name in guarded.admin.info("commandstats")}
    needed = seen - {"config|resetstat", "auth"} | sent_by_steps(*STEPS[account])
    assert needed - _granted(account) == set()
    # The recorder's group is there already.
    assert _granted(account) - needed - CONNECTING <= {"xgroup|create"}


@pytest.mark.parametrize("account", SERVICES)
@pytest.mark.parametrize(
    "command",
    [
        ("EVAL", "return 1", 0),
        ("EVALSHA", "0" * 40, 0),
        ("SCRIPT", "LOAD", "return 1"),
        ("FUNCTION", "LOAD", "#!lua name=x\nredis.register_function('x', function() end)"),
        ("FUNCTION", "FLUSH"),
        ("FUNCTION", "DELETE", "tally_00000000"),
        ("FLUSHALL",),
        ("FLUSHDB",),
        ("KEYS", "*"),
        ("RANDOMKEY",),
        ("CONFIG", "SET", "appendonly", "no"),
        ("CLIENT", "LIST"),
        ("CLIENT", "KILL", "TYPE", "normal"),
        ("ACL", "LIST"),
        ("MULTI",),
        ("MONITOR",),
        ("SHUTDOWN",),
        ("RENAME", "rq:queues", "rq:x"),
        ("PSUBSCRIBE", "*"),
    ],
    ids=lambda command: " ".join(str(word) for word in command[:2]),
)
def test_no_service_may_do_what_none_needs(
    guarded: Guarded, account: str, command: tuple[str | int, ...]
) -> None:
    if account == _LOADS and command[:2] in {("FUNCTION", "LOAD"), ("FUNCTION", "DELETE")}:
        pytest.skip("the scheduler may")
    client = guarded.login(account)

    with pytest.raises(NoPermissionError):
        client.execute_command(*command)

    client.close()


@pytest.mark.parametrize("account", SERVICES)
def test_keys_and_channels_of_others_are_out_of_reach(
    guarded: Guarded, root: str, account: str
) -> None:
    client = guarded.login(account)
    guarded.admin.set("foreign", "1")
    attempts = [
        ("EXISTS", "foreign"),
        ("DEL", "foreign"),
        ("HSET", f"{root}x:job:a", "status", "queued"),
        ("FCALL", library.function_name("claim"), 1, "foreign", "w", 1000, 1, 0, "normal", 0),
        (
            "FCALL",
            library.function_name("settle"),
            1,
            "foreign",
            "a",
            "f",
            "finished",
            0,
            "",
            "",
            0,
        ),
    ]

    for attempt in attempts:
        with pytest.raises(NoPermissionError):
            client.execute_command(*attempt)

    client.close()
    guarded.admin.delete("foreign")


def test_a_worker_listens_on_no_channel_but_its_deployments(guarded: Guarded) -> None:
    client = guarded.login("tally-worker")

    with pytest.raises(NoPermissionError):
        client.execute_command("SUBSCRIBE", "foreign")

    client.close()


@pytest.mark.parametrize("account", SERVICES)
def test_without_a_deploy_a_service_says_what_is_missing(
    guarded: Guarded, root: str, account: str
) -> None:
    if account == _LOADS:
        pytest.skip("the scheduler loads them")
    guarded.admin.function_flush("SYNC")
    client = guarded.login(account)

    with pytest.raises(QueueUnavailable) as refusal:
        Functions(client, root).call("await", "a")

    assert str(refusal.value) == (
        f"Redis does not have this release's functions (tally_{library.version()}), and this account "
        "may not load them: run `tally migrate --functions-only` with one that may"
    )
    client.close()


def test_the_scheduler_brings_the_functions_back_and_services_go_on(
    guarded: Guarded, root: str
) -> None:
    guarded.admin.function_flush("SYNC")
    scheduler, service = guarded.login(_LOADS), guarded.login("tally-worker")

    JobPromoter(scheduler, scheduler, Keys(root), name="a").promote(10, 0)

    Functions(service, root).check()
    scheduler.close()
    service.close()


def test_who_may_deploys_and_a_service_that_waited_goes_on(guarded: Guarded, root: str) -> None:
    guarded.admin.function_flush("SYNC")
    service, deploy = guarded.login("tally-worker"), guarded.login("tally-deploy")
    with pytest.raises(QueueUnavailable):
        Functions(service, root).check()

    load_library(deploy)

    Functions(service, root).check()
    service.close()
    deploy.close()


@pytest.mark.parametrize("account", [*SERVICES, "tally-deploy"])
def test_a_stock_rq_worker_cannot_start_and_touches_nothing(
    guarded: Guarded, root: str, rq: RqCommand, account: str
) -> None:
    bench = Bench(guarded.admin, Keys(root))
    bench.seed(new_job("safe"))
    before = bench.snapshot()

    worker = rq("worker", "--burst", "normal", url=guarded.url_of(account), RQ_KEY_PREFIX=root)

    assert worker.returncode != 0
    assert "no permissions" in worker.stderr + worker.stdout
    assert bench.snapshot() == before


def test_a_wrong_password_is_our_error_and_repeats_no_password(guarded: Guarded, root: str) -> None:
    client = connect(guarded.url_of("tally-api").replace("secret", "wrong-one"))

    with pytest.raises(QueueUnavailable) as refusal:
        Functions(client, root).call("await", "a")

    assert "wrong-one" not in str(refusal.value)
    client.close()


def test_the_file_as_it_is_lets_nobody_in(server: Guarded) -> None:
    nobody, *lines = [line for line in FILE.read_text().splitlines() if line.startswith("user ")]

    assert nobody == NOBODY
    assert [re.split(r"\s+", line)[1:3] for line in lines] == [[name, "off"] for name in ACCOUNTS]
    assert not any(word[0] in ">#" or word == "nopass" for line in lines for word in line.split())
    server.admin.execute_command("ACL", "SETUSER", "tally-copy", *lines[2].split()[2:])
    with pytest.raises(RedisError):
        server.login("tally-copy").ping()
    server.admin.execute_command("ACL", "DELUSER", "tally-copy")
