"""An installed Tally has everything beside its code that it needs to run."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.contract.wheels.installing import ROOT

_LOOK = """
from pathlib import Path
from backend.api.config.settings import load_settings
from backend.history.schema.migration_files import read_migrations
from backend.shipped import shipped
settings = load_settings()
print(len(read_migrations(shipped("migrations"))), Path(settings.report.folder).is_dir(),
      Path(settings.mail.templates).is_dir(), shipped("docs/runbook.md").is_file())
"""


@pytest.fixture(scope="module")
def installed(whole_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages as the wheel lays them out."""
    target = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(whole_wheel) as archive:
        archive.extractall(target)
    return target


@pytest.mark.parametrize("folder", ["tally", "backend", "workers"])
def test_no_file_of_a_package_is_left_behind(installed: Path, folder: str) -> None:
    def names(root: Path) -> set[str]:
        found = (path for path in (root / folder).rglob("*") if path.is_file())
        return {str(path.relative_to(root)) for path in found if "__pycache__" not in path.parts}

    assert names(ROOT) - names(installed) == set()
    assert (installed / folder / "py.typed").exists()


def test_migrations_reports_templates_and_runbook_are_found_where_it_is_installed(
    installed: Path, tmp_path: Path
) -> None:
    looked = subprocess.run(
        [sys.executable, "-c", _LOOK],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{installed}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    count = len(list((ROOT / "migrations").glob("*.sql")))
    assert looked.stdout.split() == [str(count), "True", "True", "True"]


def test_what_a_deployment_copies_comes_out_of_the_wheel(installed: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "backend.cli.main", "deploy-files", "out"]
    written = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": f"{installed}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    out = tmp_path / "out"
    names = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert sorted(written.stdout.split()) == sorted(f"out/{name}" for name in names)
    assert _same(ROOT / "config" / "prometheus", out / "prometheus")
    assert _same(ROOT / "config" / "grafana", out / "grafana")
    assert _same(ROOT / "deploy" / "systemd", out / "systemd")
    for name in ("redis.conf", "redis-acl.conf"):
        assert (out / "redis" / name).read_bytes() == (ROOT / "config" / name).read_bytes()
    assert "Dockerfile" not in names


def _same(ours: Path, theirs: Path) -> bool:
    def texts(root: Path) -> dict[str, bytes]:
        files = (path for path in root.rglob("*") if path.is_file())
        return {str(path.relative_to(root)): path.read_bytes() for path in files}

    return texts(ours) == texts(theirs) != {}
