"""A lock that says whether anybody lives on a folder."""

from __future__ import annotations

import os
import subprocess

import pytest

from backend.embedded.errors import EmbeddedServerError
from backend.embedded.state.file_lock import FileLock


@pytest.fixture
def lock(tmp_path):
    return FileLock(tmp_path / "lock")


def test_a_lock_is_held_for_its_block(lock):
    assert not lock.is_held()

    with lock.held(wait_seconds=1):
        assert lock.is_held()

    assert not lock.is_held()


def test_an_heir_holds_the_lock_until_it_ends(lock):
    with lock.held(wait_seconds=1) as descriptor:
        heir = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, pass_fds=(descriptor,))
    held = lock.is_held()

    heir.kill()
    heir.communicate()

    assert held
    assert not lock.is_held()


def test_only_one_can_hold_the_lock(lock):
    descriptor = lock.try_hold()

    assert lock.try_hold() is None
    with (
        pytest.raises(EmbeddedServerError, match=r"still held by another process after 0\.02 s"),
        lock.held(wait_seconds=0.02),
    ):
        pass

    os.close(descriptor)
