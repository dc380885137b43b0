"""Settings as they are shown: secrets never, and who set them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from backend.api.config.settings import load_settings
from backend.cli.reference.setting_rows import setting_rows
from backend.cli.reference.setting_sources import settings_in_force


def _found(monkeypatch: pytest.MonkeyPatch, **variables: str) -> dict[str, tuple[str, str]]:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return {
        entry.name: (entry.value, entry.source)
        for entry in settings_in_force(load_settings(), variables)
    }


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _found(
        monkeypatch,
        TALLY_SMTP__PASSWORD="hunter2",
        REDIS_URL="redis://tally:hunter3@redis.example:6379/0",
        JOB_QUEUE_DATABASE_URL="postgresql://tally:hunter4@db.example/tally",
    )

    assert "hunter" not in str(found)
    assert found["smtp.password"] == ("(set)", "TALLY_SMTP__PASSWORD")
    assert "redis.example" in found["redis_url"][0]


def test_a_password_is_not_shown_whatever_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _found(
        monkeypatch,
        REDIS_URL="redis://:hun@ter2@redis.example:6379/0",
        JOB_QUEUE_DATABASE_URL="postgresql://tally:hun/ter2 '\"<>@db.example/tally",
    )

    assert found["redis_url"][0] == '"redis://[hidden]@redis.example:6379/0"'
    assert found["database_url"][0] == '"postgresql+psycopg2://[hidden]@db.example/tally"'


@pytest.mark.parametrize("show", [repr, str])
def test_settings_show_no_passwords_to_who_looks_at_them(
    monkeypatch: pytest.MonkeyPatch, show: Callable[[object], str]
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://tally:hunter2@redis.example:6379/0")
    monkeypatch.setenv("DATABASE_URL", "postgresql://tally:hun/ter2@db.example/tally")
    monkeypatch.setenv("JOB_QUEUE_READ_URL", "postgresql://tally:hunter4@replica.example/tally")
    monkeypatch.delenv("JOB_QUEUE_DATABASE_URL", raising=False)

    shown = show(load_settings())

    assert "hun" not in shown
    assert "redis://[hidden]@redis.example:6379/0" in shown
    assert "@replica.example/tally" in shown


def test_each_value_says_where_it_came_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "tally.yaml"
    file.write_text("worker: {lease: 120}\n")

    found = _found(monkeypatch, TALLY_CONFIG=str(file), TALLY_WORKER__GRACE="5")

    assert found["worker.lease"] == ("120", str(file))
    assert found["worker.grace"] == ("5", "TALLY_WORKER__GRACE")
    assert found["worker.heartbeat"] == ("30", "default")


def test_every_setting_has_a_variable_and_a_kind() -> None:
    rows = list(setting_rows())

    assert all(row.variables and row.kind for row in rows)
    assert len({row.name for row in rows}) == len(rows)
