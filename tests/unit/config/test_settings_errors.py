"""A wrong setting is refused by its name, with the nearest valid one."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.api.config.settings import load_settings
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
        ("worker: {concurency: 3}", "there is no setting 'worker.concurency', did you mean 'conc"),
        ("workr: {}", "there is no setting 'workr', did you mean 'worker'"),
        ("worker: {concurrency: 0}", "setting 'worker.concurrency': Input should be greater"),
        ("worker: {heartbeat: 60, lease: 90}", "setting 'worker.lease': Value error, must be at"),
        ("worker: {weights: {urgent: 1}}", "setting 'worker.weights': Value error, give high"),
        ("retry: {jitter: 2}", "setting 'retry.jitter'"),
        ("log: {level: LOUD}", "setting 'log.level'"),
    ],
)
def test_a_wrong_line_of_the_file_is_named(configuration: Path, text: str, said: str) -> None:
    configuration.write_text(text)

    with pytest.raises(ConfigurationError) as refusal:
        load_settings()

    assert said in str(refusal.value)


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
