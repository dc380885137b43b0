"""A job type that is missed: the error says where job types come from in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.api.config import settings_file
from backend.domain.errors import UnknownJobType
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from workers.registry import load_catalogue


def _told(packages: list[str]) -> str:
    with pytest.raises(UnknownJobType) as missed:
        load_catalogue((), packages, RetryPolicy()).get("sync_contact")
    return str(missed.value)


def test_started_where_there_are_no_settings_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TALLY_CONFIG", raising=False)
    monkeypatch.setattr(settings_file, "_CHECKOUT", tmp_path)

    assert _told([]) == (
        "there is no job type 'sync_contact'; no tally.toml, no [tool.tally] in pyproject.toml and no "
        f"config/queue-config.yaml is in {tmp_path} or above, so only the types that come with Tally are "
        "known; start the process in your project's folder, or name the file in TALLY_CONFIG"
    )
    assert _told(["examples"]).endswith("the packages under TALLY_JOB_PACKAGES")


def test_the_file_that_was_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("{}")
    monkeypatch.setenv("TALLY_CONFIG", str(file))

    assert _told([]) == (
        "there is no job type 'sync_contact'; job types come from the packages under job_packages in "
        f"{file}"
    )
