"""Where an answer leads: which operations take what it names."""

from __future__ import annotations

from typing import Any


def _links(parameter: str, pointer: str, *operations: str) -> dict[str, Any]:
    return {
        operation.replace(".", "_"): {
            "operationId": operation.replace(".", "_"),
            "parameters": {parameter: f"$response.body#{pointer}"},
        }
        for operation in operations
    }


_OF_A_JOB = (
    "jobs.get",
    "jobs.result",
    "jobs.events",
    "jobs.why",
    "jobs.artifacts",
    "jobs.cancel",
    "jobs.retry",
    "jobs.resolve",
    "jobs.reprioritise",
    "jobs.run_now",
    "dlq.discard",
)

LINKS: dict[str, dict[str, Any]] = {
    "jobs.enqueue": _links("job_id", "/id", *_OF_A_JOB),
    "jobs.replay": _links("job_id", "/id", "jobs.get"),
    "jobs.test_run": _links("job_id", "/run_id", "jobs.get"),
    "messages.register": _links("job_id", "/job_id", "jobs.get", "jobs.cancel"),
    "schedules.create": _links(
        "name",
        "/name",
        "schedules.get",
        "schedules.change",
        "schedules.pause",
        "schedules.resume",
        "schedules.run_now",
        "schedules.ticks",
        "schedules.delete",
    ),
    "schedules.run_now": _links("job_id", "/job_id", "jobs.get"),
    "events.emit": _links("event_id", "/event_id", "events.get"),
    "keys.create": _links("key_id", "/key/id", "keys.get", "keys.rotate", "keys.revoke"),
}
