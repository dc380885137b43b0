"""`tally doctor` finds what is planted, and says what to change."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from backend.api.config.engine_settings import HistorySettings
from backend.bootstrap.current import platform
from backend.broker.ledger.event_floor import RedisEventFloor
from backend.broker.server import library
from backend.broker.server.connection import connect
from backend.broker.server.tuning import LISTPACK
from backend.cli.checks.controls import check_controls
from backend.cli.checks.declared import check_keys
from backend.cli.checks.processes import leases_without_jobs
from backend.cli.checks.redis import check_cluster, check_redis
from backend.cli.checks.redis_accounts import check_exposure
from backend.cli.checks.redis_speed import check_allocator
from backend.cli.checks.settings import check_settings
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.unique import Unique
from backend.embedded.servers import Servers
from tests.integration.cli.shell import Shell
from tests.integration.history.databases import database


@pytest.fixture
def redis(shell: Shell, servers: Servers) -> Iterator[Redis]:
    """The Redis behind the shell; its configuration is put back."""
    client = connect(servers.redis_url)
    names = ("appendonly", "maxmemory-policy", "protected-mode", "maxmemory", LISTPACK)
    before = {name: client.config_get(name)[name] for name in names}
    yield client
    for name, value in before.items():
        client.config_set(name, value)
    client.flushall()
    client.close()


def _codes(shell: Shell, level: str) -> dict[str, str]:
    answer = shell.run("doctor", "--json", status=1 if level == "wrong" else 0)
    return {f["code"]: f["remedy"] for f in answer.json if f["level"] == level}


def _exposure(configuration: dict[str, str]) -> set[str]:
    return {finding.code for finding in check_exposure(configuration)}


def test_a_good_deployment_has_nothing_wrong(shell: Shell, redis: Redis) -> None:
    answer = shell.run("doctor")

    assert "WRONG" not in answer.text
    assert "the books balance" in answer.text


@pytest.mark.parametrize(("root", "is_wrong"), [("rq", True), ("{}x", True), ("{t0}", False)])
def test_a_root_without_braces_is_told_on_a_cluster(root: str, is_wrong: bool) -> None:
    found = [finding.code for finding in check_cluster({"cluster_enabled": 1}, root)]

    assert found == (["redis_cluster_root"] if is_wrong else [])
    assert list(check_cluster({"cluster_enabled": 0}, root)) == []


def test_a_read_url_that_leads_nowhere_or_to_no_replica_is_told(
    shell: Shell, environment: pytest.MonkeyPatch, record_url: str
) -> None:
    environment.setenv("JOB_QUEUE_READ_URL", record_url)
    assert "replica_is_none" in _codes(shell, "warning")

    environment.setenv("JOB_QUEUE_READ_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert "replica_down" in _codes(shell, "warning")


def test_events_that_are_dated_ahead_are_told(shell: Shell, redis: Redis) -> None:
    floor = RedisEventFloor(redis, platform().keys)
    floor.raise_above(floor.raise_above(0) + (3_600_000 << 20))

    assert "events_dated_ahead" in _codes(shell, "warning")


def test_a_pause_that_redis_lost_is_named(shell: Shell, redis: Redis) -> None:
    shell.run("queues", "pause", "low")
    redis.flushall()
    library.load(redis)

    assert "tally reconcile --repair" in _codes(shell, "warning")["controls_differ"]

    # It also brings back what other tests left on record, and nobody serves: of that doctor would tell.
    shell.run("reconcile", "--repair")
    assert [finding.code for finding in check_controls(platform())] == ["controls"]


def test_1_a_variable_that_is_no_setting(shell: Shell, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TALLY_WORKR__LEASE", "90")

    assert "settings_wrong" in _codes(shell, "wrong")
    assert "TALLY_WORKR__LEASE" in shell.run("doctor", status=1).text


def test_2_a_setting_that_cannot_be(shell: Shell, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TALLY_WORKER__LEASE", "31")

    assert "settings_wrong" in _codes(shell, "wrong")


def test_3_a_package_that_is_not_installed(shell: Shell, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TALLY_JOB_PACKAGES", "nobody.knows_it")

    assert "job_packages" in _codes(shell, "wrong")


@pytest.mark.parametrize(
    ("name", "value", "setting"),
    [
        ("TALLY_HISTORY__FAILED_DAYS", "30", "history.failed_days"),
        ("TALLY_HISTORY__DAYS_BY_TYPE", '{"greet": 7}', "history.days_by_type.greet"),
        ("TALLY_DLQ__MAX_DAYS", "0", "history.failed_days"),
    ],
)
def test_dead_jobs_that_history_lets_go_of_first_are_told(
    environment: pytest.MonkeyPatch, name: str, value: str, setting: str
) -> None:
    assert "dead_outlive_record" not in {finding.code for finding in check_settings({})}
    environment.setenv(name, value)

    [found] = [each for each in check_settings({}) if each.code == "dead_outlive_record"]

    assert setting in found.text


@pytest.mark.parametrize(
    ("until", "days_by_type", "told"),
    [
        (30 * 86_400, {}, []),
        (31 * 86_400, {}, ["history.finished_days"]),
        (31 * 86_400, {"welcome": 60}, []),
        (8 * 86_400, {"welcome": 7}, ["history.days_by_type.welcome"]),
        ("ended", {"welcome": 1}, []),
    ],
)
def test_a_type_that_is_unique_for_longer_than_history_keeps_it_is_told(
    until: str | float, days_by_type: dict[str, int], told: list[str]
) -> None:
    welcome = JobType("welcome", print, unique=Unique(until))
    history = HistorySettings(days_by_type=days_by_type)

    found = list(check_keys([welcome, JobType("plain", print)], history))

    assert [each.code for each in found] == ["key_outlives_record"] * len(told)
    assert all(name in each.text for name, each in zip(told, found, strict=True))


def test_4_a_redis_that_forgets(shell: Shell, redis: Redis) -> None:
    redis.config_set("appendonly", "no")

    assert "appendonly yes" in _codes(shell, "wrong")["redis_not_kept"]


def test_5_a_redis_that_throws_jobs_away(shell: Shell, redis: Redis) -> None:
    redis.config_set("maxmemory-policy", "allkeys-lru")

    assert "noeviction" in _codes(shell, "wrong")["redis_evicts"]


@pytest.mark.parametrize(
    ("policy", "goes"), [("allkeys-lfu", "jobs"), ("volatile-lru", "idempotency keys")]
)
def test_a_redis_that_shows_no_configuration_is_looked_at_all_the_same(
    redis: Redis, policy: str, goes: str
) -> None:
    """As those of services do, where something else than we need is what one gets."""
    redis.config_set("maxmemory-policy", policy)
    redis.config_set("appendonly", "no")
    redis.execute_command(
        "ACL", "SETUSER", "hosted", "on", "nopass", "~*", "&*", "+@all", "-config"
    )
    connection = redis.connection_pool.connection_kwargs
    hosted = Redis(unix_socket_path=connection["path"], username="hosted", password="any")

    found = {finding.code: finding for finding in check_redis(hosted, time.time)}

    hosted.close()
    redis.execute_command("ACL", "DELUSER", "hosted")
    assert f"throws {goes}" in found["redis_evicts"].text
    assert {"redis_config_hidden", "redis_not_kept"} <= found.keys()


def test_a_job_that_ends_between_two_looks_is_no_finding(redis: Redis) -> None:
    keys = platform().keys

    class Moving:
        """A Redis in which the job of each lease that was seen moves on before the next look."""

        def zrange(self, *args: Any, **named: Any) -> Any:
            found = redis.zrange(*args, **named)
            redis.zadd(keys.leases, {"moves": 2_000}, xx=True)
            redis.zrem(keys.leases, "ends")
            return found

        def pipeline(self, **named: Any) -> Any:
            return redis.pipeline(**named)

    redis.zadd(keys.leases, {"moves": 1_000, "ends": 1_000, "stays": 1_000})

    assert leases_without_jobs(Moving(), keys) == ["stays"]  # type: ignore[arg-type]


def test_6_a_redis_that_is_nearly_full(shell: Shell, redis: Redis) -> None:
    used: dict[str, Any] = redis.info("memory")  # type: ignore[assignment]
    redis.config_set("maxmemory", int(used["used_memory"] * 1.1))

    assert "raise maxmemory" in _codes(shell, "wrong")["redis_full"]


def test_7_migrations_that_are_not_applied(
    shell: Shell, servers: Servers, environment: pytest.MonkeyPatch
) -> None:
    with database(servers.database_url) as url:
        environment.setenv("JOB_QUEUE_DATABASE_URL", url)

        assert "apply-schema" in _codes(shell, "wrong")["migrations_pending"]


def test_8_functions_that_somebody_flushed(shell: Shell, redis: Redis) -> None:
    redis.function_flush()

    assert "library_missing" in _codes(shell, "warning")
    platform().load_library()


def test_8b_functions_are_loaded_by_a_command_that_needs_no_database(
    shell: Shell, redis: Redis, environment: pytest.MonkeyPatch
) -> None:
    redis.function_flush()
    environment.setenv("JOB_QUEUE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")

    answer = shell.run("migrate", "--functions-only")

    name = f"tally_{library.version()}"
    assert answer.text.strip() == f"this release's functions are loaded: {name}"
    assert redis.function_list(library=name)


def test_8c_a_redis_that_refuses(shell: Shell, redis: Redis) -> None:
    redis.config_set("min-replicas-to-write", 1)
    try:
        found = _codes(shell, "wrong")
    finally:
        redis.config_set("min-replicas-to-write", 0)

    assert found["redis_refuses"] == (
        "too few replicas follow it (min-replicas-to-write); bring one back"
    )


def test_8d_a_redis_whose_memory_is_full(shell: Shell, redis: Redis) -> None:
    redis.config_set("maxmemory", 1)
    try:
        found = _codes(shell, "wrong")
    finally:
        redis.config_set("maxmemory", 0)

    assert found["redis_refuses"] == "let workers drain the queues, or raise maxmemory"


def test_9_records_of_dead_workers(shell: Shell, redis: Redis) -> None:
    redis.sadd(platform().keys.workers, platform().keys.worker("gone-1"))

    assert "workers clear" in _codes(shell, "warning")["stale_workers"]


def test_10_a_lease_without_a_job(shell: Shell, redis: Redis) -> None:
    redis.zadd(platform().keys.leases, {"nobody": time.time() * 1000 + 60_000})

    assert "reconcile" in _codes(shell, "wrong")["leases_without_jobs"]


def test_11_books_that_do_not_balance(shell: Shell, redis: Redis) -> None:
    shell.run("jobs", "enqueue", "greet", '{"name": "A"}')
    redis.hincrby(platform().keys.counts("normal"), "accepted", 1)

    assert "reconcile" in _codes(shell, "wrong")["books"]


def test_12_jobs_that_nobody_serves(shell: Shell, redis: Redis) -> None:
    shell.run("jobs", "enqueue", "greet", '{"name": "A"}')

    assert "start-workers.sh default" in _codes(shell, "wrong")["no_worker"]


def test_13_rq_workers_that_would_spoil_jobs(shell: Shell, redis: Redis) -> None:
    keys = platform().keys
    redis.sadd(keys.workers, keys.worker("theirs"))
    beat = {"last_heartbeat": "2999-01-01T00:00:00.000000Z", "state": "idle"}
    redis.hset(keys.worker("theirs"), mapping=beat)

    assert "foreign_workers" in _codes(shell, "wrong")


def test_14_an_event_that_nobody_records(shell: Shell, redis: Redis) -> None:
    redis.xadd(platform().keys.events, {"k": "enqueued"}, id="1-1")

    assert "tally recorder" in _codes(shell, "wrong")["recorder_behind"]


def test_15_a_due_job_that_nobody_promotes(shell: Shell, redis: Redis) -> None:
    redis.zadd(platform().keys.schedule, {"late": time.time() - 60})

    assert "tally scheduler" in _codes(shell, "wrong")["no_scheduler"]


def test_16_clocks_that_differ(redis: Redis) -> None:
    found = check_redis(redis, lambda: time.time() - 30)

    assert "clock" in {finding.code for finding in found}


def test_17_a_key_prefix_that_rq_does_not_share(
    shell: Shell, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("RQ_KEY_PREFIX", "other")

    assert "key_prefix" in _codes(shell, "warning")


def test_18_a_redis_that_anybody_may_use() -> None:
    open_to_all = {"port": "6379", "bind": "* -::*", "protected-mode": "no", "requirepass": ""}

    assert _exposure(open_to_all) == {"redis_open"}
    assert _exposure({**open_to_all, "protected-mode": "yes"}) == {"redis_no_password"}
    assert _exposure({**open_to_all, "bind": "127.0.0.1 -::1"}) == set()
    assert _exposure({**open_to_all, "port": "0"}) == set()


def test_18b_a_redis_that_takes_twice_the_memory(shell: Shell, redis: Redis) -> None:
    redis.config_set(LISTPACK, 64)

    assert "tally migrate --tune-redis" in _codes(shell, "warning")["redis_listpack"]

    shell.run("migrate", "--tune-redis")
    assert "redis_listpack" not in _codes(shell, "warning")


def test_18c_a_redis_with_the_allocator_of_libc() -> None:
    elsewhere = {"mem_allocator": "libc", "process_id": 1, "executable": "/of/another/host"}

    [found] = check_allocator(elsewhere)

    assert (found.code, found.level) == ("redis_allocator", "warning")
    assert "LD_PRELOAD" in found.remedy


def test_18d_an_allocator_that_is_good_is_named(shell: Shell, redis: Redis) -> None:
    assert "memory allocator" in shell.run("doctor").text


def test_19_stores_that_are_away(shell: Shell, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("REDIS_URL", "unix:///nowhere/redis.sock")
    environment.setenv("JOB_QUEUE_DATABASE_URL", "postgresql://tally@/tally?host=/nowhere")

    told = _codes(shell, "wrong")
    assert {"redis_down", "postgres_down"} <= told.keys()
    assert "schedules wait for it" in told["postgres_down"]


def test_20_a_schedule_that_somebody_paused(shell: Shell) -> None:
    shell.run("schedules", "sync")
    assert "schedules_paused" not in _codes(shell, "warning")

    shell.run("schedules", "pause", "prune-history", "--reason", "a restore")

    found = next(each for each in shell.json("doctor") if each["code"] == "schedules_paused")
    assert (found["level"], found["text"], found["remedy"]) == (
        "warning",
        "schedules that somebody paused: prune-history",
        "tally schedules resume prune-history, if forgotten",
    )
