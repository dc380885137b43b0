"""Scripts find their checkout, and their virtual environment, whatever they are started in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_THAT_GO = [
    file
    for folder in (ROOT / "scripts", ROOT / "benchmarks", ROOT / ".ci")
    for file in sorted(folder.rglob("*"))
    if (file.suffix == ".sh" or file.name == "run") and 'cd "$(dirname' in file.read_text()
]


@pytest.mark.parametrize("file", _THAT_GO, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_script_goes_where_cdpath_leads(file: Path) -> None:
    """There may be another checkout, and `cd` prints where it went."""
    before, _, _ = file.read_text().partition('cd "$(dirname')

    assert "\nunset CDPATH\n" in before


def test_a_script_that_is_called_without_a_leading_dot_works_with_cdpath() -> None:
    ran = subprocess.run(
        ["/bin/bash", "scripts/workers/stop-workers.sh", "--help"],
        cwd=ROOT,
        env={**os.environ, "CDPATH": "."},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")


def _made(folder: Path) -> str:
    script = f'. "{ROOT}/scripts/_install.sh"\nmake_environment "{folder}"'
    subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", script],
        env={**os.environ, "PYTHON": sys.executable},
        check=True,
    )
    asked = [folder / "bin/python", "-m", "pip", "--version"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout


def test_an_environment_that_was_broken_off_is_ended(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    (tmp_path / "venv/of-mine").touch()

    assert str(tmp_path) in _made(tmp_path / "venv")
    assert (tmp_path / "venv/of-mine").exists()


def test_one_whose_python_is_gone_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "venv/bin").mkdir(parents=True)
    for name in ("python", "python3"):
        (tmp_path / "venv/bin" / name).symlink_to(tmp_path / "gone")

    assert str(tmp_path) in _made(tmp_path / "venv")
