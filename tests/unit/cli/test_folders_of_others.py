"""A folder that cannot be written: one line names it, and says what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from backend.cli.output.whole_file import FileNotWritten, export_to
from tests.unit.cli.typed import typed

_STATE = "choose another with --state-dir"


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (("init",), "name a folder that is yours to write, as in: tally init ~/shop"),
        (("deploy-files",), "name a folder that is yours to write, with room in it"),
        (("dev", "--no-reload", "--state-dir"), _STATE),
        (("quickstart", "--state-dir"), _STATE),
    ],
)
def test_a_folder_that_cannot_be_made_is_named_in_a_line(
    words: tuple[str, ...], instead: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "folder"

    ended = typed(*words, str(folder), folder=tmp_path)

    assert ended.returncode == 1
    assert ended.stderr == (
        f"tally: {folder} cannot be written: Not a directory; {instead} [configuration_error]\n"
    )


def test_a_disk_that_is_full_leaves_no_half_of_a_project(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: the system refuses at the same place."""
    ended = typed("init", folder=tmp_path, before="ulimit -f 0;")

    assert ended.returncode == 1
    assert "File too large; name a folder" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_breaks_off_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "jobs.jsonl"
    file.write_text("of yesterday\n")

    with pytest.raises(FileNotWritten, match="No space left"):
        _break_off(file)

    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [
        ("jobs.jsonl", "of yesterday\n")
    ]


def test_an_export_takes_the_place_of_the_file_and_its_rights(tmp_path: Path) -> None:
    file, link = tmp_path / "jobs.jsonl", tmp_path / "newest"
    file.touch(mode=0o600)
    link.symlink_to(file)

    with export_to(str(link)) as output:
        output.write("whole\n")

    assert (file.read_text(), file.stat().st_mode & 0o777) == ("whole\n", 0o600)
    assert link.is_symlink()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_device_that_is_full_is_told() -> None:
    full = "/dev/full could not be written: No space left"

    with pytest.raises(FileNotWritten, match=full), export_to("/dev/full") as output:
        output.write("a line\n")


def _break_off(file: Path) -> None:
    with export_to(str(file)) as output:
        output.write("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
