"""Our programs are ours, whatever lies in the folder in which they are started."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.api.config.settings import load_settings
from backend.bootstrap.job_type_modules import OWN_MODULES
from workers.runtime.children.child_process import ChildProcess, Surroundings


def test_an_isolated_jobs_process_starts_beside_a_package_called_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "workers" / "runtime"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").touch()
    (package / "__main__.py").write_text("raise SystemExit('this is no program of Tally')\n")
    surroundings = Surroundings.of_this_process(load_settings(), OWN_MODULES)
    monkeypatch.chdir(tmp_path)

    child = ChildProcess(surroundings._replace(folder=str(tmp_path)))
    try:
        child.wait_until_ready()
    finally:
        child.kill()
