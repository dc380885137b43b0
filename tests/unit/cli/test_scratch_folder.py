"""Temporary files have a place wherever one folder is writable."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from backend.bootstrap.scratch_folder import find_scratch_folder
from backend.domain.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _nothing_is_writable(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(
        tempfile, "_candidate_tempdir_list", lambda: list(filter(None, [os.environ.get("TMPDIR")]))
    )
    for name in ("TMPDIR", "TALLY_STATE_DIR", "STATE_DIRECTORY"):
        # Set first, so that what the test sets is taken back.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/proc/nowhere")


@pytest.mark.parametrize("name", ["TALLY_STATE_DIR", "STATE_DIRECTORY", "HOME"])
def test_the_state_folder_takes_its_place(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, f"{tmp_path}:/another" if name == "STATE_DIRECTORY" else str(tmp_path))

    find_scratch_folder()

    assert tempfile.gettempdir() == os.environ["TMPDIR"] == str(tmp_path / "tmp")


def test_a_folder_that_works_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    find_scratch_folder()

    assert tempfile.gettempdir() == str(tmp_path)


def test_without_any_one_sentence_names_what_to_mount() -> None:
    with pytest.raises(ConfigurationError) as refused:
        find_scratch_folder()

    assert str(refused.value) == (
        "no folder for temporary files is writable: mount one at /tmp, or name one in TMPDIR or "
        "TALLY_STATE_DIR"
    )
