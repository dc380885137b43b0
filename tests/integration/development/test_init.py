"""`tally init` writes a project that works, and touches nothing that is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_OF_OTHERS = ("TALLY_", "REDIS_", "DATABASE_", "JOB_", "PYTEST_")


def _run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_OTHERS)}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def _init(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return _run(folder, "backend.cli.main", "init", *arguments)


def _files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def test_its_tests_pass_and_its_settings_are_good(tmp_path: Path) -> None:
    assert _init(tmp_path).returncode == 0

    tried = _run(tmp_path, "pytest", "-q", "-p", "no:cacheprovider")
    checked = _run(tmp_path, "backend.cli.main", "config", "check")

    assert "2 passed" in tried.stdout, tried.stdout + tried.stderr
    assert checked.stdout == "the settings are good; file: tally.toml\n", checked.stderr
    assert _run(tmp_path, "backend.cli.main", "jobs", "types").stdout.count("greet") == 1


def test_it_says_what_it_wrote_and_what_comes_next(tmp_path: Path) -> None:
    said = _init(tmp_path, "shop").stdout

    assert said.splitlines()[:3] == [
        "wrote shop/tally.toml: settings",
        "wrote shop/jobs.py: a job type",
        "wrote shop/test_jobs.py: its tests: pytest",
    ]
    assert "cd shop && tally dev" in said
    assert sorted(_files(tmp_path / "shop")) == ["jobs.py", "tally.toml", "test_jobs.py"]


@pytest.mark.parametrize("name", ["mein Läden", "it's", "-x;y"])
def test_what_comes_next_can_be_typed_whatever_the_folder_is_called(
    tmp_path: Path, name: str
) -> None:
    said = _init(tmp_path, "--", name).stdout
    [line] = [line for line in said.splitlines() if line.startswith("then: ")]

    typed = line.removeprefix("then: ").replace("tally dev", "pwd")
    went = subprocess.run(
        ["/bin/sh", "-c", typed], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert went.stdout == f"{tmp_path / name}\n", went.stderr


def test_no_folder_is_not_the_one_where_one_is(tmp_path: Path) -> None:
    refused = _init(tmp_path, "")

    assert refused.returncode == 2
    assert "it is empty; the folder where you are is called ." in refused.stderr
    assert _files(tmp_path) == {}


@pytest.mark.parametrize("name", ["tally.toml", "jobs.py", "test_jobs.py"])
def test_with_a_file_of_that_name_it_writes_none(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("# mine\n")

    refused = _init(tmp_path)

    assert refused.returncode == 1
    assert f"{name} exists already, and nothing was written" in refused.stderr
    assert _files(tmp_path) == {name: "# mine\n"}


def test_with_settings_of_another_form_it_writes_none(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.tally]\n")

    refused = _init(tmp_path)

    assert refused.returncode == 1
    assert "pyproject.toml exists already" in refused.stderr
    assert list(_files(tmp_path)) == ["pyproject.toml"]


def test_beside_a_pyproject_of_others_it_writes_its_own(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n')

    assert _init(tmp_path).returncode == 0
    assert len(_files(tmp_path)) == 4
