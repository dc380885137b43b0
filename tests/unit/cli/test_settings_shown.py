"""Settings as they are shown: secrets never, and who set them."""

from __future__ import annotations

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
