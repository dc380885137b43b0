"""A real Prometheus scrapes a real deployment, with the configuration and the rules that we ship."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from tests.eventually import eventually
from tests.free_port import free_port
from tests.integration.metrics.conftest import Deployment

SHIPPED = Path(__file__).parents[3] / "config" / "prometheus"


class Prometheus:
    """One server on a folder of its own."""

    def __init__(self, binary: str, folder: Path, targets: list[str]) -> None:
        shipped = yaml.safe_load((SHIPPED / "prometheus.yml").read_text())
        shipped["global"] |= {
            "evaluation_interval": "1s",
            "scrape_interval": "5s",
            "scrape_timeout": "5s",
        }
        shipped["rule_files"] = [str(SHIPPED / "alerts.yml")]
        shipped["scrape_configs"] = [
            {"job_name": "tally", "static_configs": [{"targets": targets}]}
        ]
        shipped.pop("alerting", None)
        (folder / "prometheus.yml").write_text(yaml.safe_dump(shipped))
        self.port = free_port()
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    binary,
                    f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                stdout=log,
                stderr=log,
            )

    def ask(self, query: str) -> list[Any]:
        """The result of a query; empty while it does not answer."""
        return list(self._get(f"/api/v1/query?query={quote(query)}").get("result", []))

    def rules(self) -> list[Any]:
        """The rules it has loaded, with their health."""
        groups = self._get("/api/v1/rules").get("groups", [])
        return [rule for group in groups for rule in group["rules"]]

    def _get(self, path: str) -> dict[str, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            found: dict[str, Any] = json.loads(connection.getresponse().read())["data"]
        except (OSError, ValueError, KeyError):
            return {}
        finally:
            connection.close()
        return found

    def stop(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(120)


@pytest.fixture
def prometheus(deployment: Deployment, tmp_path: Path) -> Iterator[Prometheus]:
    """Scrapes workers and scheduler every few seconds."""
    binary = shutil.which("prometheus")
    if binary is None:
        pytest.skip("prometheus is not installed (Debian: apt-get install prometheus)")
    folder = tmp_path / "prometheus"
    folder.mkdir()
    targets = [f"127.0.0.1:{p}" for p in (deployment.worker_port, deployment.scheduler_port)]
    server = Prometheus(binary, folder, targets)
    yield server
    server.stop()


def test_prometheus_reads_jobs_and_rules_and_no_alert_fires_in_a_good_deployment(
    deployment: Deployment, prometheus: Prometheus
) -> None:
    cluster = deployment.cluster
    cluster.start("scheduler")
    cluster.start("recorder")
    cluster.workers("default")
    for _ in range(5):
        cluster.ended(cluster.enqueue("note"))

    query = 'sum(tally_job_attempts_total{job_type="note",outcome="finished"})'
    eventually(
        lambda: [row["value"][1] for row in prometheus.ask(query)] == ["5"],
        timeout=30,
        show=lambda: prometheus.ask("up"),
    )
    eventually(
        lambda: [row["value"][1] for row in prometheus.ask("min(up)")] == ["1"],
        timeout=30,
        show=lambda: prometheus.ask("up"),
    )
    eventually(
        lambda: prometheus.rules() and all(r["health"] == "ok" for r in prometheus.rules()),
        timeout=30,
        show=prometheus.rules,
    )
    eventually(lambda: prometheus.ask("tally_redis_up == 1"), timeout=30)
    assert prometheus.ask('ALERTS{alertstate="firing"}') == []
