"""Units, image and Procfile as a new operator meets them."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

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
    assert "ReadWritePaths=/var/lib/tally\n" in text


def test_processes_and_commands_of_people_are_told_the_same_folders() -> None:
    shared = (_UNITS / "tally" / "environment").read_text()

    folders = re.findall(r"^TALLY_\w+__\w*FOLDER=(\S+)$", shared, re.MULTILINE)
    assert sorted(folders) == [f"/var/lib/tally/{n}" for n in ("artifacts", "backups", "metrics")]
    assert all("FOLDER=" not in file.read_text() for file in _SERVICES)


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


#: Commands of the guide that need root, or a server: what they do instead in a folder of the test.
_AS_NOBODY = """
set -euo pipefail
install() {
  local kept=()
  while [ $# -gt 0 ]; do
    case "$1" in -o | -g) shift 2 ;; *) kept+=("$1"); shift ;; esac
  done
  command install "${kept[@]}"
}
sudo() { cat > "$ETC/statements"; }
systemctl() { :; }
mkdir -p "$ETC/redis"
"""


def _accounts_made_in(etc: Path) -> str:
    """Runs what the guide says of files and accounts below another folder than /etc; the SQL of it."""
    blocks = re.findall(r"^```bash\n(.*?)^```$", _GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    [files] = [block for block in blocks if "systemd/tally/*" in block]
    accounts = [block for block in blocks if "new_password" in block]
    lines = [line for line in files.splitlines() if re.match("install|sed", line)]
    script = "\n".join([_AS_NOBODY, *lines, *accounts])
    script = script.replace("/etc/", f"{etc}/").replace("/opt/tally", str(ROOT))
    variables = {"ETC": str(etc), "PATH": os.environ["PATH"]}
    subprocess.run(["/bin/bash", "-c", script], check=True, timeout=300, env=variables)
    return (etc / "statements").read_text()


def test_each_account_of_the_guide_has_a_password_of_its_own(tmp_path: Path) -> None:
    statements = _accounts_made_in(tmp_path)

    acl = (tmp_path / "redis" / "redis-acl.conf").read_text()
    of_redis = dict(re.findall(r"^user ([\w-]+) on >(\S+) ", acl, re.MULTILINE))
    of_postgres = dict(re.findall(r"CREATE ROLE (\w+) LOGIN PASSWORD '(.+)';", statements))
    settings = {file.name: file.read_text() for file in (tmp_path / "tally").glob("*environment")}
    told = dict(re.findall(r"//([\w-]+):([^@]+)@", "".join(settings.values())))
    admin = of_redis.pop("admin")

    assert set(of_redis) == {f"tally-{n}" for n in ("deploy", "api", "operator", "worker", "clock")}
    assert set(of_postgres) == {"tally_owner", "tally_app"}
    assert told == of_redis | of_postgres
    assert admin == (tmp_path / "tally" / "redis-admin").read_text().strip()
    assert len({admin, *told.values()}) == 8
    assert all("change-me" not in text for text in settings.values())
    assert settings["environment"].endswith("\nTALLY_CONFIG=/etc/tally/queue-config.yaml\n")


def test_no_process_can_read_the_accounts_of_another(tmp_path: Path) -> None:
    _accounts_made_in(tmp_path)

    modes = {
        file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "tally").iterdir()
    }
    assert modes.pop("queue-config.yaml") == 0o640
    assert set(modes.values()) == {0o600}


def test_passwords_beside_the_compose_file_reach_neither_the_image_nor_the_repository() -> None:
    assert "**/.env" in (ROOT / ".dockerignore").read_text().splitlines()
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_compose_file_gives_every_process_the_time_its_unit_gives_it() -> None:
    services = _compose()

    for kind in ("web", "worker", "scheduler", "recorder"):
        [unit] = _UNITS.glob(f"tally-{kind}*.service")
        [seconds] = re.findall(r"^TimeoutStopSec=(\d+)$", unit.read_text(), re.MULTILINE)
        assert services[kind]["stop_grace_period"] == f"{seconds}s"
        assert services[kind]["init"] is True


def test_the_redis_of_the_compose_file_lets_nobody_in_without_a_password() -> None:
    services = _compose()

    command = services["redis"]["command"]
    assert command[command.index("--requirepass") + 1].startswith("${TALLY_REDIS_PASSWORD:?")
    assert "--protected-mode" not in command
    assert "redis://:${TALLY_REDIS_PASSWORD:?" in services["web"]["environment"]["REDIS_URL"]


def test_the_image_has_the_pg_dump_of_the_servers_own_version() -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text()

    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"python:3.12-slim-trixie"}
    # What Debian 13 calls postgresql-client.
    assert _compose()["postgres"]["image"] == "postgres:17"


def test_postgres_is_up_where_migrate_asks_for_it() -> None:
    """While it is made, the image has one that listens on its socket alone, and then goes."""
    check = _compose()["postgres"]["healthcheck"]["test"]

    assert check == ["CMD", "pg_isready", "-h", "127.0.0.1", "-U", "tally"]


def test_the_page_on_proxies_shows_the_path_that_is_to_be_looked_at() -> None:
    page = (ROOT / "docs" / "how-to" / "proxies.md").read_text()
    [pipe] = re.findall(r"^curl \S+ \S+/openapi\.json \| (.*)$", page, re.MULTILINE)
    document = json.dumps({"openapi": "3.1.0", "servers": [{"url": "/tally"}], "paths": {}})

    shown = subprocess.run(
        ["/bin/bash", "-c", pipe], input=document, capture_output=True, text=True, check=True
    )

    assert '"url": "/tally"' in shown.stdout


def _compose() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())[
        "services"
    ]
    return services


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
