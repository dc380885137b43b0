"""The client's wheel is small, needs one library, and may stand beside the others."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import backend.client
import tally.client
from scripts.wheels.archive import Archive

_LOADED = """
import sys
before = {name.partition(".")[0] for name in sys.modules}
import tally_client
after = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
print(sorted(after - before), sorted(tally_client.__all__) == sorted(sys.argv[1].split()))
"""


@pytest.fixture(scope="module")
def archive(client_wheel: Path) -> Archive:
    return Archive.read(client_wheel)


def test_it_needs_one_library(archive: Archive, whole_wheel: Path) -> None:
    [needed] = archive.field("Requires-Dist")

    assert needed.startswith("urllib3")
    assert needed in Archive.read(whole_wheel).field("Requires-Dist")
    assert archive.field("Provides-Extra") == []


def test_it_is_small(archive: Archive) -> None:
    size = sum(map(len, archive.installed.values()))

    assert len(archive.installed) == 21
    assert 40_000 < size < 75_000


def test_it_has_one_folder_which_is_that_of_no_other_wheel(
    archive: Archive, whole_wheel: Path, isolated_wheel: Path
) -> None:
    def tops(wheel: Archive) -> set[str]:
        return {name.partition("/")[0] for name in wheel.installed}

    others = tops(Archive.read(whole_wheel)) | tops(Archive.read(isolated_wheel))
    assert tops(archive) == {"tally_client"}
    assert others == {"tally", "backend", "workers"}


def test_it_reads_that_library_and_has_the_names_of_the_whole_wheels(
    client_wheel: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(client_wheel) as packed:
        packed.extractall(tmp_path)

    said = subprocess.run(
        [sys.executable, "-c", _LOADED, " ".join(tally.client.__all__)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == "['tally_client', 'urllib3'] True\n"
    assert set(backend.client.__all__) == set(tally.client.__all__)
