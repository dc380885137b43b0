"""The folder of the sockets: private, short, and the same again where that is safe."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from backend.embedded.state.socket_folder import remove_socket_folder, socket_folder


@pytest.fixture
def folder():
    made = socket_folder(None)
    yield made
    remove_socket_folder(made)


def test_a_new_folder_is_private_and_short(folder):
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(str(folder / ".s.PGSQL.5432")) < 100


def test_the_recorded_folder_is_used_again_present_or_removed(folder):
    assert socket_folder(folder) == folder

    remove_socket_folder(folder)

    assert socket_folder(folder) == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_recorded_folder_that_others_can_enter_is_not_trusted(folder):
    folder.chmod(0o755)

    another = socket_folder(folder)

    assert another != folder
    remove_socket_folder(another)


def test_a_link_in_the_place_of_the_recorded_folder_is_not_trusted(folder, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(folder)

    another = socket_folder(link)

    assert another not in (link, folder)
    remove_socket_folder(another)


def test_removing_takes_along_what_a_crash_left(folder):
    (folder / "redis.sock").write_text("")

    remove_socket_folder(folder)
    remove_socket_folder(folder)

    assert not Path(folder).exists()
