"""Job packages of a project are found wherever its programs are started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
_JOB = """
from workers.base_worker import job_type

@job_type("water_plants")
def water_plants(payload: dict) -> None: ...
"""
_ASK = (
    "from backend.bootstrap import platform; print(platform().catalogue.get('water_plants').name)"
)


def test_a_package_beside_the_settings_is_found_from_any_folder(tmp_path: Path) -> None:
    project, elsewhere = tmp_path / "a project", tmp_path / "elsewhere"
    (project / "config").mkdir(parents=True)
    elsewhere.mkdir()
    (project / "garden.py").write_text(_JOB)
    (project / "config" / "queue-config.yaml").write_text("job_packages: [garden]\n")
    settings = str(project / "config" / "queue-config.yaml")

    asked = subprocess.run(
        [sys.executable, "-c", _ASK],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TALLY_CONFIG": settings},
        capture_output=True,
        text=True,
        check=False,
    )

    assert asked.stdout == "water_plants\n", asked.stderr
