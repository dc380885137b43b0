"""Who gets processes whose parents have ended, and that somebody buries them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from workers.runtime.children import family

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets one choose")

_FIRST_OF_ITS_CONTAINER = """
import os, subprocess
from workers.runtime.children.family import adopt_orphans
from workers.runtime.supervision.orphans import bury_orphans

adopt_orphans()

def orphan():
    left = ["sh", "-c", "sleep 0.1 > /dev/null & echo $!"]
    return int(subprocess.run(left, stdout=subprocess.PIPE, check=True).stdout)

def has_ended(pid):
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

def is_buried(pid):
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return True

own, orphans = subprocess.Popen(["sh", "-c", "exit 3"]), [orphan(), orphan()]
for pid in (own.pid, *orphans):
    has_ended(pid)
bury_orphans([own.pid])
status = own.wait()
bury_orphans([])
bury_orphans([])
print(status, *map(is_buried, orphans))
"""


def test_orphans_are_buried_and_its_own_left_to_who_waits_for_them() -> None:
    """As the first process of a container does, which gets all."""
    program = [sys.executable, "-c", _FIRST_OF_ITS_CONTAINER]

    said = subprocess.run(program, capture_output=True, text=True, check=True)

    assert said.stdout == "3 True True\n"


def test_orphans_are_adopted_for_as_long_as_somebody_buries_some() -> None:
    with family.adopting_orphans():
        with family.adopting_orphans():
            assert family._adopts()
        assert family._adopts()

    assert not family._adopts()


def test_who_adopted_before_still_does_after_that() -> None:
    family.adopt_orphans()
    try:
        with family.adopting_orphans():
            pass
        assert family._adopts()
    finally:
        family.adopt_orphans(False)
