"""The isolated wheel is the whole one under other names."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from backend.api.access.rights import RIGHTS
from backend.services.actions.action import ACTIONS
from scripts.wheels.archive import Archive
from scripts.wheels.isolated import isolated
from tests.contract.wheels.installing import ROOT

_OURS = re.compile(rb"\btally\.(?=(?:backend|workers)\b)")
#: Of a wheel, to find out beside which other it is installed.
_NEEDED = ("__init__.py", "own_packages.py")


def test_the_wheel_has_one_folder_and_all_files_of_the_whole_one(
    whole_wheel: Path, isolated_wheel: Path
) -> None:
    whole, other = Archive.read(whole_wheel), Archive.read(isolated_wheel)

    moved = {
        n if n.startswith("tally/") else f"tally/{n}": text for n, text in whole.installed.items()
    }
    back = {n: _named_back(n, text) for n, text in other.installed.items()}
    assert back == moved
    assert other.described["entry_points.txt"] == whole.described["entry_points.txt"].replace(
        b"backend.cli", b"tally.backend.cli"
    )
    assert other.field("Name") == ["tally-queue-isolated"]
    for field in ("Version", "Requires-Python", "Provides-Extra"):
        assert other.field(field) == whole.field(field) != []


def test_it_asks_for_the_same_libraries_and_never_for_the_whole_wheel(
    whole_wheel: Path, isolated_wheel: Path
) -> None:
    whole, other = Archive.read(whole_wheel), Archive.read(isolated_wheel)

    needed = other.field("Requires-Dist")

    assert [each for each in needed if re.match(r"tally-queue\b(?!-)", each)] == []
    back = [each.replace("tally-queue-isolated", "tally-queue") for each in needed]
    assert back == whole.field("Requires-Dist")


def test_an_extra_of_an_extra_is_asked_of_this_wheel() -> None:
    metadata = b'Name: tally-queue\nRequires-Dist: tally-queue[jwt]; extra == "dev"\n\nText\n'
    described = {"METADATA": metadata, "entry_points.txt": b""}

    made = isolated(Archive("tally-queue", "1", {}, described))

    assert made.field("Requires-Dist") == ['tally-queue-isolated[jwt]; extra == "dev"']


def _named_back(name: str, text: bytes) -> bytes:
    if not name.endswith(".py"):
        return text
    return _OURS.sub(b"", text).replace(b"tally-queue-isolated[", b"tally-queue[")


def test_nothing_that_is_said_to_people_or_stored_is_taken_for_a_module() -> None:
    words = {*RIGHTS, *ACTIONS}

    assert [
        word for word in words if ROOT.joinpath(*word.split(".")).with_suffix(".py").exists()
    ] == []


@pytest.mark.parametrize("order", [("whole", "isolated"), ("isolated", "whole")])
def test_both_wheels_in_one_environment_say_so(
    whole_wheel: Path, isolated_wheel: Path, tmp_path: Path, order: tuple[str, str]
) -> None:
    wheels = {"whole": whole_wheel, "isolated": isolated_wheel}
    for name in order:
        with zipfile.ZipFile(wheels[name]) as archive:
            needed = [each for each in archive.namelist() if each.endswith(_NEEDED)]
            archive.extractall(tmp_path, needed)

    said = subprocess.run(
        [sys.executable, "-S", "-c", "import tally"],
        env={"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.stderr.splitlines()[-1].startswith(
        "ImportError: tally-queue and tally-queue-isolated are both installed in"
    )
