"""A project may have packages called ``backend`` and ``workers``: then it takes the isolated wheel."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from backend.api.access.rights import RIGHTS
from backend.broker.server.connection import connect
from backend.embedded.servers import Servers
from backend.quickstart.free_port import free_port
from backend.services.actions.action import ACTIONS
from scripts.wheels.archive import Archive
from tests.contract.wheels.installing import environment
from tests.contract.wheels.shop import Shop
from tests.eventually import eventually
from tests.integration.history.databases import migrated_database

_OURS = re.compile(rb"\btally\.(?=(?:backend|workers)\b)")
#: By name, as a program does that has none of the job's code.
_ASK = """
import sys, json
from tally import queue
job_id = queue().enqueue_job(sys.argv[1], json.loads(sys.argv[2]))
print(json.dumps(queue().wait(job_id, timeout=60).result))
"""
#: Of a wheel, to find out beside which other it is installed.
_NEEDED = ("__init__.py", "own_packages.py")
_NO_PACKAGES = {"TALLY_CONFIG": "config/empty.yaml", "TALLY_JOB_PACKAGES": ""}


class Deployment(NamedTuple):
    """A shop at work: the programs of both wheels, and where its API listens."""

    shop: Shop
    isolated: Path
    whole: Path
    api: str


@pytest.fixture(scope="module")
def programs(
    whole_wheel: Path, isolated_wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Of an environment for each wheel."""
    folder = tmp_path_factory.mktemp("environments")
    return {
        "whole": environment(folder / "whole", whole_wheel),
        "isolated": environment(folder / "isolated", isolated_wheel),
    }


@pytest.fixture(scope="module")
def deployment(
    servers: Servers, programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """Every process of the isolated wheel, and a worker of the whole one for the lane of parcels."""
    client = connect(servers.redis_url)
    client.flushall()
    client.close()
    with migrated_database(servers.database_url) as database_url:
        shop = Shop(tmp_path_factory.mktemp("shop"), servers.redis_url, database_url)
        isolated, whole, port = programs["isolated"], programs["whole"], free_port(0)
        shop.start(isolated / "tally", "worker", "default", "--processes=1")
        shop.start(isolated / "tally", "scheduler")
        shop.start(isolated / "tally", "recorder")
        shop.start(isolated / "tally", "api", TALLY_API__PORT=str(port))
        parcels = {**_NO_PACKAGES, "TALLY_JOB_PACKAGES": "parcels"}
        shop.start(whole / "tally", "worker", "parcels", "--processes=1", **parcels)
        yield Deployment(shop, isolated, whole, f"http://127.0.0.1:{port}")
        shop.close()


def test_the_wheel_has_one_folder_and_all_files_of_the_whole_one(
    whole_wheel: Path, isolated_wheel: Path
) -> None:
    whole, isolated = Archive.read(whole_wheel), Archive.read(isolated_wheel)

    moved = {
        n if n.startswith("tally/") else f"tally/{n}": text for n, text in whole.installed.items()
    }
    back = {n: _named_back(n, text) for n, text in isolated.installed.items()}
    assert back == moved
    assert isolated.described["entry_points.txt"] == whole.described["entry_points.txt"].replace(
        b"backend.cli", b"tally.backend.cli"
    )
    assert isolated.field("Name") == ["tally-queue-isolated"]
    for field in ("Version", "Requires-Dist", "Requires-Python"):
        assert isolated.field(field) == whole.field(field) != []


def _named_back(name: str, text: bytes) -> bytes:
    if not name.endswith(".py"):
        return text
    return _OURS.sub(b"", text).replace(b"tally-queue-isolated[", b"tally-queue[")


def test_nothing_that_is_said_to_people_or_stored_is_taken_for_a_module() -> None:
    words = {*RIGHTS, *ACTIONS}

    assert [word for word in words if (Path(*word.split("."))).with_suffix(".py").exists()] == []


def test_its_jobs_run_beside_packages_of_the_same_names(deployment: Deployment) -> None:
    shop, python = deployment.shop, deployment.isolated / "python"
    code = """
import os
from backend.orders import order, weigh
print(order.enqueue({"item": "tea"}).result(timeout=60))
print(weigh.enqueue({"item": "tea", "pid": os.getpid()}).result(timeout=60))
"""

    said = shop.run(python, "-c", code)

    assert said.stdout.splitlines() == [
        "tea of the shop for 4",
        "['tea weighs 3 kg', 'True']",
    ], said.stderr + shop.log()


def test_the_api_and_the_dashboard_are_served(deployment: Deployment) -> None:
    shop, api = deployment.shop, deployment.api
    made = shop.run(
        deployment.isolated / "tally", "keys", "create", "shop", "--role=admin", "--json"
    )
    token = json.loads(made.stdout)["token"]
    eventually(lambda: _answers(f"{api}/healthz"), timeout=20, show=shop.log)

    types = json.loads(_get(f"{api}/api/jobs/types", token))
    page = _get(f"{api}/dashboard/jobs", token)
    style = re.search(r'href="([^"]+\.css[^"]*)"', page)

    assert {"order", "weigh", "parcel", "send_email"} <= {each["name"] for each in types["items"]}
    assert "<title>" in page
    assert style is not None
    assert _get(f"{api}{style[1]}", token)


def test_the_doctor_finds_nothing_wrong(deployment: Deployment) -> None:
    def said() -> Any:
        return deployment.shop.run(deployment.isolated / "tally", "doctor")

    eventually(lambda: "WRONG" not in said().stdout, timeout=20, show=lambda: said().stdout)
    eventually(lambda: "no_scheduler" not in said().stdout, timeout=20, show=lambda: said().stdout)


@pytest.mark.parametrize(
    ("caller", "job_type", "result"),
    [
        ("isolated", "parcel", "parcel with tea"),
        ("whole", "order", "tea of the shop for 4"),
    ],
)
def test_workers_of_either_wheel_run_what_callers_of_the_other_enqueue(
    deployment: Deployment, caller: str, job_type: str, result: str
) -> None:
    shop, python = deployment.shop, getattr(deployment, caller) / "python"

    # -P: for the whole wheel's caller, the shop's packages must not be in the way.
    said = shop.run(python, "-P", "-c", _ASK, job_type, '{"item": "tea"}', **_NO_PACKAGES)

    assert said.stdout == f'"{result}"\n', said.stderr + shop.log()


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


def _answers(url: str) -> bool:
    try:
        return bool(_get(url, ""))
    except urllib.error.URLError:
        return False


def _get(url: str, token: str) -> str:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own server
        return str(answer.read().decode())
