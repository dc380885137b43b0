"""Settings that a process hands on to another, and places that stay where they were meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.api.config.handing_on import read_back, written_down
from backend.api.config.settings import Settings, adopt, default_settings, load_settings

_SECRET = "whsec_" + "QUJD" * 10


def _settings() -> Settings:
    """Some of each kind of value, secrets among them."""
    return load_settings(
        redis_url="redis://:pw@127.0.0.1:1/2",
        job_packages="a,b",
        smtp={"password": "hunter2"},
        webhook={"secrets": {"default": _SECRET}, "allowed_networks": ["10.0.0.0/8"]},
        sources={"shop": {"url": "postgresql://u:pw@h/shop", "tables": ["orders"]}},
        worker={"lane_concurrency": {"email": 3}},
    )


def test_settings_arrive_as_they_were_written_down() -> None:
    settings = _settings()

    handed_on = read_back(written_down(settings))

    assert handed_on == settings
    assert handed_on.smtp.password.get_secret_value() == "hunter2"


def test_nothing_is_looked_up_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = load_settings()
    text = written_down(settings)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "queue-config.yaml").write_text("max_payload_bytes: 77777\n")
    monkeypatch.setenv("TALLY_WORKER__CONCURRENCY", "11")

    handed_on = read_back(text)

    assert (load_settings().max_payload_bytes, load_settings().worker.concurrency) == (77777, 11)
    assert handed_on == settings


def test_adopted_settings_are_those_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.api.config.settings._handed_on", [])
    settings = _settings()

    adopt(settings)

    assert default_settings() is settings
    default_settings.cache_clear()


def test_places_are_those_of_the_working_folder_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(history={"anchor_file": "var/anchors"})
    monkeypatch.chdir("/")

    assert settings.artifacts.folder == tmp_path / "var" / "artifacts"
    assert settings.backup.folder == tmp_path / "var" / "backups"
    assert settings.history.anchor_file == tmp_path / "var" / "anchors"
    assert settings.report.folder.is_absolute()
    assert settings.mail.templates.is_absolute()
