"""Shows the platform at work: each step does something real and checks what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from backend.bootstrap.platform import Platform
from backend.domain.errors import TallyError
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState
from backend.quickstart.hook_catcher import HookCatcher
from backend.quickstart.patience import eventually

if TYPE_CHECKING:
    from backend.quickstart.mail_catcher import MailCatcher

_PATIENCE = 20.0

Say = Callable[[str], None]


class DemonstrationFailed(TallyError):
    """Something in the demonstration did not go as promised."""

    code = "demonstration_failed"


class Demonstration:
    """The steps, in the order in which they are shown."""

    def __init__(self, parts: Platform, catcher: MailCatcher, hooks: HookCatcher, say: Say) -> None:
        self._parts = parts
        self._jobs = parts.queue_service
        self._catcher = catcher
        self._hooks = hooks
        self._say = say

    def run(self) -> None:
        """Every step; raises `DemonstrationFailed` at the first that goes wrong."""
        ids = [
            self.mail_is_delivered(),
            self.failing_job_ends_in_the_dead_letter_queue(),
            self.own_job_type_runs(),
            self.webhook_is_verified(),
            self.job_in_a_transaction_runs_after_its_commit(),
        ]
        self.history_is_in_postgres(ids)
        self.export_is_written()
        self.report_is_drawn()

    def mail_is_delivered(self) -> str:
        """A mail goes to a real SMTP server, and is shown as that server received it."""
        payload = {
            "to": "ada@example.com",
            "subject": "Welcome!",
            "text": "This mail went through Redis, a worker process and SMTP.",
        }
        job = self._run_to_end("send_email", payload, priority="high", tags=["demo"])
        _expect(job, JobState.FINISHED)
        mail = self._catcher.wait_for(job.result["message_id"], _PATIENCE)
        if mail is None:
            raise DemonstrationFailed("the mail was sent, but the mail catcher did not get it")
        self._say(f"mail received: To {mail['To']}, Subject {mail['Subject']!r}")
        return job.id

    def failing_job_ends_in_the_dead_letter_queue(self) -> str:
        """A job fails, is retried after its delays, and ends in the dead-letter queue."""
        job = self._run_to_end("demo_fail", {"complaint": "nothing works today"}, tags=["demo"])
        _expect(job, JobState.FAILED)
        dead = [job_id for job_id, _ in self._parts.inspection.dead(0, 50)]
        if job.attempt != 3 or job.id not in dead:  # noqa: PLR2004 - one try and two retries
            raise DemonstrationFailed(f"job {job.id} should be dead after 3 attempts")
        message = job.error.message if job.error else ""
        self._say(f"failed, retried twice, now in the dead-letter queue: {message!r}")
        return job.id

    def own_job_type_runs(self) -> str:
        """A decorated function of one's own package runs; in a checkout examples/greetings.py."""
        job = self._run_to_end("greet", {"name": "Ada"}, tags=["demo"])
        _expect(job, JobState.FINISHED)
        self._say(f"a job type of one's own answered: {job.result['greeting']!r}")
        return job.id

    def webhook_is_verified(self) -> str:
        """A signed webhook reaches a receiver that checks its signature."""
        payload = {"url": self._hooks.url, "body": {"event": "demo.greeted", "name": "Ada"}}
        job = self._run_to_end("send_webhook", payload, tags=["demo"])
        _expect(job, JobState.FINISHED)
        if not self._hooks.wait_for(job.id, _PATIENCE):
            raise DemonstrationFailed("the webhook was sent, but its signature was not verified")
        self._say(f"webhook received, its signature verified: webhook-id {job.id}")
        return job.id

    def job_in_a_transaction_runs_after_its_commit(self) -> str:
        """A job written in a SQL transaction runs when that commits; a rolled back one never was."""
        engine = self._parts.history_engine
        with engine.connect() as connection:
            never = self._jobs.enqueue_job("greet", {"name": "Nobody"}, session=connection)
            connection.rollback()
        with engine.begin() as connection:
            job_id = self._jobs.enqueue_job("greet", {"name": "Grace"}, session=connection)
        inspection = self._parts.inspection
        if not eventually(lambda: bool(inspection.jobs([job_id])), _PATIENCE):
            raise DemonstrationFailed("the relay did not bring the committed job to Redis")
        _expect(self._jobs.wait(job_id, _PATIENCE), JobState.FINISHED)
        if inspection.jobs([never]):
            raise DemonstrationFailed("a job of a rolled back transaction was enqueued")
        self._say("a job of a committed transaction ran; that of a rolled back one never was")
        return job_id

    def export_is_written(self) -> None:
        """The jobs so far, as a CSV file with its checksum."""
        job = self._run_to_end(
            "export_data", {"table": "jobs", "columns": ["id", "job_type", "status"]}
        )
        _expect(job, JobState.FINISHED)
        self._say(f"exported {job.result['rows']} rows, sha256 {job.result['sha256']}")

    def report_is_drawn(self) -> None:
        """A report about Tally itself, as PDF."""
        payload = {
            "report": "queue_activity_of_a_day",
            "parameters": {"day": "today"},
            "format": "pdf",
        }
        job = self._run_to_end("generate_report", payload)
        _expect(job, JobState.FINISHED)
        artifact = job.result["artifact"]
        self._say(
            f"report {job.result['title']!r}: {artifact['name']}, {job.result['size_bytes']} bytes"
        )

    def history_is_in_postgres(self, ids: Sequence[str]) -> None:
        """The recorder has written each job and each attempt."""
        rows: list[Any] = []

        def recorded() -> bool:
            rows[:] = self._history(ids)
            return len(rows) == len(ids) and all(
                row.status in {"finished", "failed"} for row in rows
            )

        if not eventually(recorded, _PATIENCE):
            raise DemonstrationFailed(
                f"history has {len(rows)} of {len(ids)} jobs; see recorder.log"
            )
        for row in rows:
            self._say(f"in Postgres: {row.job_type:<12} {row.status:<9} attempts {row.attempts}")

    def _history(self, ids: Sequence[str]) -> list[Any]:
        query = text(
            "SELECT j.job_type, j.status, count(r.*) AS attempts FROM jobs j "
            "LEFT JOIN job_results r ON r.job_id = j.id WHERE j.id = ANY(:ids) "
            "GROUP BY j.id, j.job_type, j.status ORDER BY j.id"
        )
        with self._parts.history_engine.connect() as connection:
            return list(connection.execute(query, {"ids": list(ids)}))

    def _run_to_end(self, job_type: str, payload: dict[str, Any], **options: Any) -> JobView:
        job_id = self._jobs.enqueue_job(job_type, payload, **options)
        self._say(f"enqueued {job_type} as {job_id}")
        return self._jobs.wait(job_id, _PATIENCE)


def _expect(job: JobView, state: JobState) -> None:
    if job.state is not state:
        why = job.error.message if job.error else "no error"
        raise DemonstrationFailed(f"{job.job_type} {job.id} is {job.state}, not {state}: {why}")
