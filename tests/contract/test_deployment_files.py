"""Units, image and Procfile as a new operator meets them."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.integration.runtime.cluster import ROOT

_UNITS = ROOT / "deploy" / "systemd"
_SERVICES = sorted(_UNITS.glob("*.service"))
_GUIDE = ROOT / "docs" / "how-to" / "deploy.md"
#: Extras that no deployment needs: servers for development, tests, and the tools around them.
_FOR_DEVELOPERS = {"embedded", "dev", "demo", "test", "lint", "install"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The file system of a machine that the units were copied to."""
    if shutil.which("systemctl") is None:
        pytest.skip("systemctl is not installed")
    folder = tmp_path / "etc" / "systemd" / "system"
    folder.mkdir(parents=True)
    for file in _UNITS.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    return tmp_path


def _enable(root: Path, *units: str) -> None:
    program = str(shutil.which("systemctl"))
    subprocess.run([program, f"--root={root}", "enable", *units], check=True, timeout=30)


def _documented_command() -> list[str]:
    [line] = re.findall(r"^systemctl enable --now (.*)$", _GUIDE.read_text(), re.MULTILINE)
    return str(line).split()


def test_the_documented_command_starts_all_units_after_a_reboot(root: Path) -> None:
    units = _documented_command()

    _enable(root, *units)

    wants = root / "etc" / "systemd" / "system"
    at_boot = {path.name for path in (wants / "multi-user.target.wants").iterdir()}
    with_target = {path.name for path in (wants / "tally.target.wants").iterdir()}
    assert at_boot == {"tally.target"}
    assert with_target == {f"{unit}.service" for unit in units}


def test_one_worker_unit_alone_starts_with_the_machine_and_brings_no_other(root: Path) -> None:
    _enable(root, "tally-worker@email")

    wants = root / "etc" / "systemd" / "system"
    assert [path.name for path in (wants / "tally.target.wants").iterdir()] == [
        "tally-worker@email.service"
    ]
    assert [path.name for path in (wants / "multi-user.target.wants").iterdir()] == ["tally.target"]
    assert "Wants=" not in (_UNITS / "tally.target").read_text()


@pytest.mark.parametrize("file", _SERVICES, ids=lambda file: file.name)
def test_no_unit_stays_failed_because_a_store_was_away(file: Path) -> None:
    unit, service = file.read_text().split("[Service]")

    assert "\nStartLimitIntervalSec=0\n" in unit
    assert "\nRestart=always\n" in service


@pytest.mark.parametrize("file", _SERVICES, ids=lambda file: file.name)
def test_each_process_has_its_own_accounts_and_writes_where_its_unit_lets_it(file: Path) -> None:
    text = file.read_text()
    kind = re.fullmatch(r"tally-(\w+)@?\.service", file.name)
    assert kind is not None
    settings = re.findall(r"^EnvironmentFile=/etc/tally/(\S+)$", text, re.MULTILINE)

    assert settings == ["environment", f"{kind[1]}.environment"]
    assert all((_UNITS / "tally" / name).exists() for name in settings)
    folders = re.findall(r"TALLY_\w+__\w*FOLDER=(\S+)", text)
    assert sorted(folders) == [f"/var/lib/tally/{n}" for n in ("artifacts", "backups", "metrics")]
    assert "ReadWritePaths=/var/lib/tally\n" in text


@pytest.mark.parametrize(
    "account", ["worker", "web", "scheduler", "recorder", "operator", "deploy"]
)
def test_the_accounts_of_the_examples_are_those_of_the_acl_file(account: str) -> None:
    text = (_UNITS / "tally" / f"{account}.environment").read_text()
    [name] = re.findall(r"^REDIS_URL=redis://([\w-]+):", text, re.MULTILINE)

    assert f"\nuser {name} off " in (ROOT / "config" / "redis-acl.conf").read_text()


def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    checker = shutil.which("systemd-analyze")
    if checker is None:
        pytest.skip("systemd-analyze is not installed")
    program = tmp_path / "tally"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for file in (*_SERVICES, _UNITS / "tally.target"):
        text = re.sub(r"/opt/tally/.venv/bin/tally", str(program), file.read_text())
        (tmp_path / file.name.replace("@", "@all")).write_text(text)

    units = [
        str(path) for path in sorted(tmp_path.iterdir()) if path.suffix in {".service", ".target"}
    ]
    said = subprocess.run(
        [checker, "verify", "--man=no", *units],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert [line for line in said.stderr.splitlines() if "tally" in line] == []
    assert said.returncode == 0


def test_the_image_has_every_extra_a_deployment_needs_the_scripts_and_pg_dump() -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [extras] = re.findall(r'--editable "\.\[([\w,-]+)\]"', text)

    assert set(extras.split(",")) == set(project["optional-dependencies"]) - _FOR_DEVELOPERS
    copied = set(re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE))
    assert copied >= {"tally", "backend", "workers", "config", "migrations", "scripts", "deploy"}
    assert "setup.py" in text
    assert "postgresql-client" in text
    assert "TALLY_BACKUP__FOLDER=/var/lib/tally/backups" in text


def test_the_procfile_starts_each_kind_of_process() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()

    assert lines == [
        "web: tally api",
        "worker: tally worker",
        "scheduler: tally scheduler",
        "recorder: tally recorder",
    ]
