"""Job packages of a project are found wherever its programs are started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend.domain.errors import ConfigurationError
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from workers.registry import load_catalogue

ROOT = Path(__file__).parents[3]
_JOB = """
from tally import job_type

@job_type("water_plants")
def water_plants(payload: dict) -> None: ...
"""
_ASK = (
    "from backend.bootstrap.current import platform; "
    "print(platform().catalogue.get('water_plants').name)"
)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("config/queue-config.yaml", "job_packages: [garden]"),
        ("tally.toml", 'job_packages = ["garden"]'),
        ("pyproject.toml", '[tool.tally]\njob_packages = ["garden"]'),
    ],
)
def test_a_package_beside_the_settings_is_found_from_any_folder(
    tmp_path: Path, file: str, text: str
) -> None:
    project, elsewhere = tmp_path / "a project", tmp_path / "elsewhere"
    (project / file).parent.mkdir(parents=True)
    elsewhere.mkdir()
    (project / "garden.py").write_text(_JOB)
    (project / file).write_text(text)
    settings = str(project / file)

    asked = subprocess.run(
        [sys.executable, "-c", _ASK],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TALLY_CONFIG": settings},
        capture_output=True,
        text=True,
        check=False,
    )

    assert asked.stdout == "water_plants\n", asked.stderr


@pytest.mark.parametrize(
    "command", ["jobs types", "schedules list", "config check", "doctor", "api --port 0"]
)
def test_a_package_that_raises_is_told_by_every_command_without_a_traceback(
    tmp_path: Path, command: str
) -> None:
    (tmp_path / "garden.py").write_text("\nraise ValueError('boom')\n")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)]),
        "TALLY_JOB_PACKAGES": "garden",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "JOB_QUEUE_DATABASE_URL": "postgresql://tally@127.0.0.1:1/tally",
    }

    told = subprocess.run(
        [sys.executable, "-m", "backend.cli.main", *command.split()],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    said = told.stdout + told.stderr
    assert told.returncode != 0
    assert "Traceback" not in said
    assert (
        "job package 'garden' cannot be imported: ValueError: boom "
        f"({tmp_path / 'garden.py'}, line 2); correct it, or correct TALLY_JOB_PACKAGES"
    ) in said


@pytest.mark.parametrize(
    ("told", "code", "words"),
    [
        ("import os; os.kill(os.getpid(), 15)", 0, ""),
        ("import sys; sys.exit(0)", 1, "job package 'garden' cannot be imported: SystemExit: 0"),
    ],
    ids=["asked to stop", "exits by itself"],
)
def test_a_worker_that_is_asked_to_stop_while_it_imports_blames_no_package(
    tmp_path: Path, told: str, code: int, words: str
) -> None:
    (tmp_path / "garden.py").write_text(f"{told}\n")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)]),
        "TALLY_JOB_PACKAGES": "garden",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }

    ended = subprocess.run(
        [sys.executable, "-m", "workers"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    said = ended.stdout + ended.stderr
    assert ended.returncode == code, said
    assert words in said
    assert words or not said


def test_a_package_that_has_the_name_of_one_of_ours_is_told_what_to_do(tmp_path: Path) -> None:
    package = tmp_path / "backend"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "plants.py").write_text(_JOB)

    with pytest.raises(ConfigurationError) as refused:
        load_catalogue((), ["backend.plants"], RetryPolicy())

    assert str(refused.value) == (
        "job package 'backend.plants' cannot be imported: ModuleNotFoundError: No module named "
        "'backend.plants'; the package 'backend' that is found here is Tally's own, so that one of yours "
        "with that name cannot be; install tally-queue-isolated instead of tally-queue: nothing else "
        "changes"
    )


def test_a_stray_file_in_the_current_folder_hides_nothing_of_pythons(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise RuntimeError('this is not it')")
    (tmp_path / "garden.py").write_text(_JOB)

    told = subprocess.run(
        [str(Path(sys.executable).parent / "tally"), "jobs", "types"],
        cwd=tmp_path,
        env={**os.environ, "TALLY_JOB_PACKAGES": "garden"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "water_plants" in told.stdout, told.stderr
