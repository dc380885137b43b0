"""A project may have packages called ``backend`` and ``workers``: then it takes the isolated wheel."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from backend.broker.server.connection import connect
from backend.embedded.servers import Servers
from tests.contract.wheels.shop import Shop
from tests.eventually import eventually
from tests.free_port import free_port
from tests.integration.history.databases import migrated_database

#: By name, as a program does that has none of the job's code.
_ASK = """
import sys, json
from tally import queue
job_id = queue().enqueue_job(sys.argv[1], json.loads(sys.argv[2]))
print(json.dumps(queue().wait(job_id, timeout=60).result))
"""
_NO_PACKAGES = {"TALLY_CONFIG": "config/empty.yaml", "TALLY_JOB_PACKAGES": ""}


_OVER_HTTP = """
import sys
from typing import TypedDict
from tally_client import JobFailed, TallyClient

class Item(TypedDict):
    item: str

client = TallyClient(sys.argv[1], sys.argv[2])
order = client.job_type("order", Item, result=str)
print(order.enqueue({"item": "tea"}, priority="high").result(timeout=60))
print([job.result(timeout=60) for job in order.enqueue_many([{"item": "tea"}] * 2)])
try:
    order.enqueue({"item": "salt"}, max_retries=0).result(timeout=60)
except JobFailed as failed:
    print(failed.error.error)
print(sorted(name for name in sys.modules if name.split(".")[0] in ("tally", "backend", "workers")))
"""


class Deployment(NamedTuple):
    """A shop at work: the programs of each wheel, and where its API listens."""

    shop: Shop
    isolated: Path
    whole: Path
    client: Path
    api: str

    def token(self, name: str) -> str:
        """A new key to the API, once that answers."""
        eventually(lambda: _answers(f"{self.api}/healthz"), timeout=20, show=self.shop.log)
        made = self.shop.run(
            self.isolated / "tally", "keys", "create", name, "--role=admin", "--json"
        )
        return str(json.loads(made.stdout)["token"])


@pytest.fixture(scope="module")
def programs(
    whole_programs: Path, isolated_programs: Path, client_programs: Path
) -> dict[str, Path]:
    """Of an environment for each wheel."""
    return {"whole": whole_programs, "isolated": isolated_programs, "client": client_programs}


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
        isolated, whole, port = programs["isolated"], programs["whole"], free_port()
        shop.start(isolated / "tally", "worker", "default", "--processes=1")
        shop.start(isolated / "tally", "scheduler")
        shop.start(isolated / "tally", "recorder")
        shop.start(isolated / "tally", "api", TALLY_API__PORT=str(port))
        parcels = {**_NO_PACKAGES, "TALLY_JOB_PACKAGES": "parcels"}
        shop.start(whole / "tally", "worker", "parcels", "--processes=1", **parcels)
        yield Deployment(shop, isolated, whole, programs["client"], f"http://127.0.0.1:{port}")
        shop.close()


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
    api, token = deployment.api, deployment.token("browser")

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


def test_a_program_with_the_client_alone_enqueues_and_waits(deployment: Deployment) -> None:
    # -P: of the packages in the shop's folder it needs none.
    arguments = ("-P", "-c", _OVER_HTTP, deployment.api, deployment.token("client"))

    said = deployment.shop.run(deployment.client / "python", *arguments)

    assert said.stdout.splitlines() == [
        "tea of the shop for 4",
        "['tea of the shop for 4', 'tea of the shop for 4']",
        "KeyError",
        "[]",
    ], said.stderr + deployment.shop.log()


def _answers(url: str) -> bool:
    try:
        return bool(_get(url, ""))
    except urllib.error.URLError:
        return False


def _get(url: str, token: str) -> str:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own server
        return str(answer.read().decode())
