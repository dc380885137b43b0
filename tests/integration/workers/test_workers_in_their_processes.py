"""Every shipped job type through Redis and real worker processes, settings and children included."""

from __future__ import annotations

import base64
import email
import json
from collections.abc import Callable, Iterator
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from backend.broker.server.connection import connect
from backend.domain.errors import InvalidPayload
from backend.domain.jobs.job import JobView
from backend.embedded.servers import Servers
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster
from tests.integration.workers.mail_servers import MailServer
from tests.integration.workers.receivers import Receiver

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
LANES = ("email", "webhook", "export", "report", "default")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("deployment")


@pytest.fixture(scope="module")
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def cluster(
    servers: Servers, folder: Path, mail_server: MailServer, record_url: str
) -> Iterator[Cluster]:
    """A deployment with a process for each lane."""
    client = connect(servers.redis_url)
    client.flushall()
    client.close()
    made = Cluster(
        servers.redis_url,
        folder,
        DATABASE_URL=record_url,
        TALLY_SMTP__HOST="127.0.0.1",
        TALLY_SMTP__PORT=str(mail_server.port),
        TALLY_SMTP__SECURITY="none",
        TALLY_ARTIFACTS__FOLDER=str(folder / "artifacts"),
        TALLY_BACKUP__FOLDER=str(folder / "backups"),
        TALLY_WEBHOOK__SECRETS=json.dumps({"default": [SECRET]}),
        TALLY_WEBHOOK__ALLOW_HTTP="true",
        TALLY_WEBHOOK__PORTS="[]",
        TALLY_WEBHOOK__ALLOWED_NETWORKS='["127.0.0.0/8"]',
    )
    made.workers(*LANES, concurrency=2)
    yield made
    made.end()


def finished(
    cluster: Cluster, job_type: str, payload: dict[str, Any], **options: Any
) -> dict[str, Any]:
    """The result of a job; its payload is what is given and nothing else."""
    job_id = cluster.platform.queue_service.enqueue_job(job_type, payload, **options)
    job: JobView = cluster.ended(job_id, timeout=60)
    assert job.state == "finished", f"{job.error}\n{cluster.log()}"
    result: dict[str, Any] = job.result
    return result


def content(folder: Path, result: dict[str, Any]) -> bytes:
    return (folder / "artifacts" / f"{result['artifact']['id']}.data").read_bytes()


def test_a_mail_is_sent(cluster: Cluster, mail_server: MailServer) -> None:
    finished(cluster, "send_email", {"to": "user@example.com", "subject": "Welcome!"})

    assert mail_server.inbox.mails[-1].message["Subject"] == "Welcome!"


def test_a_test_run_goes_through_a_worker_process_and_touches_nothing_outside(
    cluster: Cluster, mail_server: MailServer
) -> None:
    before = len(mail_server.inbox.mails)
    payload = {"to": "a@example.com", "subject": "x", "text": "a rehearsal"}

    result = finished(cluster, "send_email", payload, is_test=True, tags=["test"])

    assert (result["answer"], result["recipients"]) == ("test run: kept, not sent", 0)
    assert len(mail_server.inbox.mails) == before


def test_a_webhook_is_sent_and_verified(
    cluster: Cluster, start_receiver: Callable[..., Receiver]
) -> None:
    receiver = start_receiver()

    finished(cluster, "send_webhook", {"url": receiver.url(), "body": {"a": 1}})

    (request,) = receiver.requests
    assert Verifier(SECRET).verify(request.body, request.headers) == {"a": 1}


def test_webhooks_wait_while_their_receiver_cannot_be_looked_up(cluster: Cluster) -> None:
    payload = {"url": "http://nobody.invalid:8080/", "body": {}}
    ids = [cluster.platform.queue_service.enqueue_job("send_webhook", payload) for _ in range(9)]

    def held() -> int:
        return cluster.platform.breaker_service.find("webhook:nobody.invalid:8080").waiting

    # Four are not enough to open it: they are tried again by themselves.
    eventually(lambda: held() >= len(ids) - 4, timeout=60, show=cluster.log)

    assert sum(job.failures for job in cluster.platform.inspection.jobs(ids)) <= 4


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "xlsx"])
def test_the_record_is_exported(cluster: Cluster, folder: Path, kind: str) -> None:
    result = finished(cluster, "export_data", {"table": "jobs", "format": kind})

    assert result["rows"] == 60
    assert len(content(folder, result)) == result["size_bytes"]


@pytest.mark.parametrize("kind", ["html", "pdf", "xlsx", "csv"])
def test_a_report_is_made(cluster: Cluster, folder: Path, kind: str) -> None:
    payload = {
        "report": "queue_activity_of_a_day",
        "parameters": {"day": "2026-01-02"},
        "format": kind,
    }

    result = finished(cluster, "generate_report", payload)

    assert len(content(folder, result)) == result["size_bytes"]


def test_a_report_goes_out_by_mail(cluster: Cluster, mail_server: MailServer) -> None:
    report = finished(cluster, "generate_report", {"report": "failures_of_a_week", "format": "pdf"})
    attached = [{"artifact": report["artifact"]["id"]}]

    finished(
        cluster,
        "send_email",
        {"to": "boss@example.com", "subject": "Failures", "attachments": attached},
    )

    message = email.message_from_bytes(mail_server.inbox.mails[-1].raw, policy=default)
    (part,) = message.iter_attachments()
    assert part.get_content_type() == "application/pdf"
    assert part.get_payload(decode=True).startswith(b"%PDF-")


def test_upkeep_runs(cluster: Cluster, folder: Path) -> None:
    printed = finished(cluster, "log_message", {})["printed"]
    cleaned = finished(cluster, "cleanup", {"dry_run": True})
    backup = finished(cluster, "backup", {})

    assert printed.endswith("] Job executed successfully")
    cluster.says(printed)
    assert cleaned["dry_run"] is True
    assert (folder / "backups" / backup["name"]).stat().st_size == backup["size_bytes"]


@pytest.mark.parametrize(
    ("job_type", "payload", "field"),
    [
        ("send_email", {"to": "nobody", "subject": "x"}, "to.0"),
        ("send_email", {"to": "user@example.com", "subject": "x\r\nBcc: y"}, "subject"),
        ("send_email", {"to": "user@example.com"}, "subject"),
        ("send_webhook", {"url": "http://0x7f.1/"}, "url"),
        ("export_data", {"table": "jobs\n; DROP TABLE jobs"}, "table"),
        ("generate_report", {"report": "../x"}, "report"),
        ("backup", {"folder": "/"}, "folder"),
    ],
)
def test_a_payload_that_does_not_fit_is_refused_when_enqueued(
    cluster: Cluster, job_type: str, payload: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidPayload, match=f"{field}: ") as refusal:
        cluster.platform.queue_service.enqueue_job(job_type, payload)

    assert field in [error["field"] for error in refusal.value.details["errors"]]
