"""A wrong setting is refused by its name, with the nearest valid one."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel, IPvAnyNetwork

from backend.api.config.settings import Settings, load_settings
from backend.domain.errors import ConfigurationError


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty file of settings, and an environment without any."""
    import os

    for name in [
        name for name in os.environ if name.startswith(("TALLY_", "REDIS_", "DATABASE_", "JOB_"))
    ]:
        monkeypatch.delenv(name)
    file = tmp_path / "config.yaml"
    file.write_text("{}\n")
    monkeypatch.setenv("TALLY_CONFIG", str(file))
    return file


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "worker: {concurency: 3}",
            "there is no setting 'worker.concurency', did you mean 'concurrency'?",
        ),
        ("workr: {}", "there is no setting 'workr', did you mean 'worker'?"),
        (
            "worker: {concurrency: 0}",
            "setting 'worker.concurrency': Input should be greater than or equal to 1",
        ),
        (
            "worker: {heartbeat: 60, lease: 90}",
            "setting 'worker.lease': must be at least twice the heartbeat (60 s)",
        ),
        (
            "worker: {memory_kill_mb: 1024}",
            "setting 'worker.memory_kill_mb': must be above worker.memory_limit_mb (1024), or 0",
        ),
        (
            "metrics: {token: a-schlüssel-of-its-own}",
            "setting 'metrics.token': takes visible characters of ASCII alone, no spaces",
        ),
        (
            "worker: {grace: for ever}",
            "setting 'worker.grace': must be a number of seconds from 0 to 31622400, or limit",
        ),
        (
            "worker: {lane_grace: {a: .inf}}",
            "setting 'worker.lane_grace.a': must be a number of seconds from 0 to 31622400, or limit",
        ),
        (
            "worker: {weights: {urgent: 1}}",
            "setting 'worker.weights': give high, normal and low a weight from 0",
        ),
        ("retry: {jitter: 2}", "setting 'retry.jitter': Input should be less than or equal to 1"),
        (
            "log: {level: LOUD}",
            "setting 'log.level': Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'",
        ),
    ],
)
def test_a_wrong_line_of_the_file_is_named(configuration: Path, text: str, said: str) -> None:
    configuration.write_text(text)

    with pytest.raises(ConfigurationError) as refusal:
        load_settings()

    assert str(refusal.value) == f"{configuration}, line 1: {said}"


def test_every_wrong_setting_is_named_at_once(configuration: Path) -> None:
    configuration.write_text("worker: {concurrency: 0}\nretry: {jitter: 2}\n")

    with pytest.raises(ConfigurationError) as refusal:
        load_settings()

    assert len(str(refusal.value).splitlines()) == 2


def test_a_wrong_word_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLY_WORKER__CONCURRENCY", "many")

    with pytest.raises(ConfigurationError, match=r"worker\.concurrency"):
        load_settings()


def test_the_environment_wins_over_the_file(
    configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration.write_text("worker: {concurrency: 3, grace: 7}")
    monkeypatch.setenv("TALLY_WORKER__CONCURRENCY", "4")

    settings = load_settings()

    assert (settings.worker.concurrency, settings.worker.grace) == (4, 7)


def test_arguments_win_over_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://from-environment/0")

    assert load_settings(redis_url="redis://given/0").redis_url == "redis://given/0"
    assert load_settings().redis_url == "redis://from-environment/0"


def test_low_gets_one_claim_in_ten_by_default() -> None:
    weights = load_settings().worker.weights

    assert weights["low"] / sum(weights.values()) == pytest.approx(0.1)


def test_settings_cannot_be_changed_afterwards() -> None:
    settings = load_settings()

    with pytest.raises(ValueError, match="frozen"):
        settings.max_payload_bytes = 1  # type: ignore[misc]


@pytest.mark.parametrize("name", ["redis_url", "database_url"])
@pytest.mark.parametrize("url", ["", "nonsense", "http://host", "mysql://user:hush@host/db"])
def test_an_address_of_another_kind_of_store_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.setenv(name.upper(), url)

    with pytest.raises(
        ConfigurationError, match=f"setting '{name}'.*must be an address"
    ) as refusal:
        load_settings()

    assert "hush" not in str(refusal.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("REDIS_URL", "reds://:hunter2@h/0"),
        ("DATABASE_URL", "mysql://u:hunter2@h/d"),
        ("TALLY_API__BOOTSTRAP_KEY", "hunter2"),
        ("TALLY_SMTP", '{"password": "hunter2", "port": 0}'),
        ("TALLY_SOURCES", '{"crm": {"url": "hunter2", "nothing": 1}}'),
    ],
)
def test_the_traceback_of_a_refused_setting_does_not_tell_what_it_was(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(ConfigurationError) as refusal:
        load_settings()

    assert refusal.value.__cause__ is not None
    assert "hunter2" not in "".join(traceback.format_exception(refusal.value))


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("redis_url", "redis://:hun/ter2@h:6379/0"),
        ("redis_url", "redis://:12/hun@h:6379/0"),
        ("redis_url", "redis://:hun#ter2@h/0"),
        ("redis_url", "redis://:12#hun@h/0"),
        ("redis_url", "redis://[::1:6379/hun"),
        ("redis_url", "redis://h:99999/0?password=hun"),
        ("database_url", "postgresql://tally:hun@h:abc/x"),
        ("database_url", "postgresql://tally:hun@ter2@h/x"),
        ("database_url", "postgresql://[::1:5432/hun"),
    ],
)
def test_an_address_that_cannot_be_read_is_refused_by_its_settings_name(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.setenv(name.upper(), url)

    with pytest.raises(
        ConfigurationError, match=f"setting '{name}'.*cannot be read.*write / as %2F"
    ) as refusal:
        load_settings()

    assert "hun" not in "".join(traceback.format_exception(refusal.value))


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("redis_url", "redis://u:hun%2Fter2@h:6379/0"),
        ("redis_url", "rediss://[::1]:6379/0?ssl_cert_reqs=none"),
        ("redis_url", "redis://:hun@ter2@h/0"),
        ("redis_url", "unix:///tmp/of dev/redis.sock?db=0"),
        ("database_url", "postgresql+psycopg2://tally:hun/t#er2@h:5432/x"),
        ("database_url", "postgresql+psycopg2:///x?host=/run/postgresql"),
        ("database_url", "postgresql+psycopg2://tally@[::1]:5432/x"),
        ("database_url", "postgresql+psycopg2://u:p@/x?host=a:1&host=b:2"),
    ],
)
def test_an_address_that_can_be_read_is_taken(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.setenv(name.upper(), url)

    assert getattr(load_settings(), name) == url


_OWN, _OF_THE_APPLICATION = "postgresql+psycopg2://own/jobs", "postgresql+psycopg2://app/app"
_OF_THE_FILE = "postgresql+psycopg2://file/jobs"


@pytest.mark.parametrize(
    ("environment", "in_file", "taken"),
    [
        ({"JOB_QUEUE_DATABASE_URL": _OWN, "DATABASE_URL": _OF_THE_APPLICATION}, False, _OWN),
        ({"JOB_QUEUE_DATABASE_URL": _OWN, "DATABASE_URL": _OF_THE_APPLICATION}, True, _OWN),
        ({"DATABASE_URL": _OF_THE_APPLICATION}, True, _OF_THE_APPLICATION),
        ({"TALLY_DATABASE_URL": _OWN}, True, _OWN),
        ({}, True, _OF_THE_FILE),
    ],
)
def test_the_jobs_own_database_goes_before_the_applications_and_both_before_the_file(
    configuration: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    in_file: bool,
    taken: str,
) -> None:
    for name, url in environment.items():
        monkeypatch.setenv(name, url)
    if in_file:
        configuration.write_text(f"database_url: {_OF_THE_FILE}\n")

    assert load_settings().database_url == taken
    assert load_settings(database_url=_OF_THE_FILE).database_url == _OF_THE_FILE


def _lists(model: type[BaseModel], path: str = "TALLY") -> Iterator[tuple[str, Any]]:
    """The variable of each setting that is a list, and what one of its items is."""
    for name, field in model.model_fields.items():
        variable = f"{path}_{name}".upper() if path == "TALLY" else f"{path}__{name}".upper()
        if get_origin(field.annotation) is tuple:
            yield variable, get_args(field.annotation)[0]
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _lists(field.annotation, variable)


LISTS = dict(_lists(Settings))


@pytest.mark.parametrize("variable", sorted(LISTS))
def test_every_list_may_be_json_or_have_commas(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = {str: ("a", "b"), IPvAnyNetwork: ("10.0.0.0/8", "fc00::/7")}
    one, two = pairs.get(LISTS[variable], ("443", "8443"))
    path = variable.removeprefix("TALLY_").lower().split("__")
    found = []
    for text in (f"{one},{two}", f" {one} , {two},", json.dumps([one, two]), f'[ "{one}","{two}"]'):
        monkeypatch.setenv(variable, text)
        found.append(reduce(getattr, path, load_settings()))

    assert [str(item) for item in found[0]] in ([one, two], ["443.0", "8443.0"])
    assert found == [found[0]] * 4


def test_the_lists_are_all_found() -> None:
    assert {"TALLY_JOB_PACKAGES", "TALLY_API__WORKER_LANES", "TALLY_RETRY__DELAYS"} < set(LISTS)


def test_a_list_that_is_no_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLY_JOB_PACKAGES", '["a"')

    with pytest.raises(ConfigurationError, match=r"setting 'job_packages': .*Expecting"):
        load_settings()


def test_a_variable_that_should_be_an_object_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLY_SCHEDULES", "nightly")

    with pytest.raises(ConfigurationError, match=r"\"schedules\".*it must be JSON \(Expecting"):
        load_settings()


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("TALLY_WORKR__LEASE", "'WORKER'"),
        ("TALLY_METRICS_WORKER_PORT", "TALLY_METRICS__WORKER_PORT"),
        ("TALLY_CONCURRENCY", "TALLY_WORKER__CONCURRENCY"),
    ],
)
def test_a_mistyped_variable_is_refused_with_the_nearest_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, meant: str
) -> None:
    monkeypatch.setenv(variable, "90")

    with pytest.raises(ConfigurationError) as caught:
        load_settings()

    assert str(caught.value) == (
        f"there is no setting for the variable {variable}, did you mean {meant}?"
    )


def test_what_kubernetes_and_docker_say_of_services_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = {
        "TALLY_SERVICE_HOST": "10.0.0.7",
        "TALLY_SERVICE_PORT": "8000",
        "TALLY_SERVICE_PORT_HTTP": "8000",
        "TALLY_PORT": "tcp://10.0.0.7:8000",
        "TALLY_PORT_8000_TCP": "tcp://10.0.0.7:8000",
        "TALLY_PORT_8000_TCP_ADDR": "10.0.0.7",
        "TALLY_REDIS_SERVICE_HOST": "10.0.0.8",
        "TALLY_REDIS_PORT": "tcp://10.0.0.8:6379",
        "TALLY_REDIS_PORT_6379_TCP_PROTO": "tcp",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)

    assert load_settings().redis.prefix == "rq"


def test_the_passwords_of_the_compose_file_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLY_DB_PASSWORD", "one")
    monkeypatch.setenv("TALLY_REDIS_PASSWORD", "two")

    assert load_settings().redis.prefix == "rq"
