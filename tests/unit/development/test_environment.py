"""What `tally dev` sets for its processes, and leaves to who has set it."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.development.command import _environment


def test_what_is_added_to_the_settings_meanwhile_holds_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TALLY_CONFIG", "TALLY_BACKUP__FOLDER", "TALLY_LOG__FORMAT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "tally.toml"
    file.write_text("")
    before = _environment(tmp_path / ".tally", 8123)

    file.write_text('[backup]\nfolder = "dumps"\n[log]\nformat = "json"\n')
    after = _environment(tmp_path / ".tally", 8123)

    own = {"TALLY_BACKUP__FOLDER": str(tmp_path / ".tally/backups"), "TALLY_LOG__FORMAT": "text"}
    assert before == after | own
    assert not own.keys() & after.keys()
    assert after["TALLY_API__PORT"] == "8123"


def test_settings_that_cannot_be_read_are_for_those_who_start_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TALLY_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tally.toml").write_text("[backup\n")

    assert "TALLY_BACKUP__FOLDER" in _environment(tmp_path / ".tally", 8123)
