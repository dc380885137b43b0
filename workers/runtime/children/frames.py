"""What a worker process and the child that runs an isolated job say to each other: JSON, length first.

Whatever is said of a job carries its id and fence, so that nothing is taken for another job's.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

from backend.domain.jobs.attempts.noted_progress import RawLine
from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind, Unreached
from backend.domain.jobs.job import ClaimedJob

_LENGTH = struct.Struct("!I")


def send(channel: socket.socket, frame: dict[str, Any]) -> None:
    """Sends one frame."""
    text = json.dumps(frame, separators=(",", ":")).encode()
    channel.sendall(_LENGTH.pack(len(text)) + text)


def receive(channel: socket.socket) -> dict[str, Any] | None:
    """The next frame; None when the other side is gone."""
    head = _exactly(channel, _LENGTH.size)
    body = _exactly(channel, _LENGTH.unpack(head)[0]) if head else None
    frame: dict[str, Any] | None = json.loads(body) if body else None
    return frame


def _exactly(channel: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        try:
            part = channel.recv(size - len(parts))
        except ConnectionError:
            return None
        if not part:
            return None
        parts += part
    return bytes(parts)


def job_frame(job: ClaimedJob, worker: str) -> dict[str, Any]:
    """A job on its way to the child."""
    fields = job._asdict()
    fields["data"] = job.data.decode()
    fields["options"] = job.options.decode()
    return {"job": fields, "worker": worker}


def job_of(frame: dict[str, Any]) -> ClaimedJob:
    """The job in a frame."""
    fields = dict(frame["job"])
    fields["data"] = fields["data"].encode()
    fields["options"] = fields["options"].encode()
    return ClaimedJob(**fields)


def of_job(job: ClaimedJob) -> list[str]:
    """What a frame that is about a job says of whose it is."""
    return [job.id, job.fence]


def is_of(job: ClaimedJob, frame: dict[str, Any]) -> bool:
    """Whether a frame is about this attempt of this job."""
    return bool(frame.get("of") == of_job(job))


def outcome_frame(job: ClaimedJob, outcome: Outcome, left: str = "") -> dict[str, Any]:
    """An outcome on its way back, and what the job left in the child that cannot be undone."""
    fields = outcome._asdict()
    fields["kind"] = outcome.kind.value
    fields["error"] = outcome.error.to_dict() if outcome.error else None
    return {"of": of_job(job), "outcome": fields, "left": left}


def progress_frame(job: ClaimedJob, done: float, total: float | None, note: str) -> dict[str, Any]:
    """How far a job is."""
    return {"of": of_job(job), "progress": [done, total, note]}


def line_frame(job: ClaimedJob, line: RawLine) -> dict[str, Any]:
    """A line that a job has logged."""
    return {"of": of_job(job), "line": line}


def checkpoint_frame(job: ClaimedJob, said: dict[str, Any]) -> dict[str, Any]:
    """What a job wants of its checkpoint, or the answer."""
    return {"of": of_job(job), "checkpoint": said}


def cancel_frame(job: ClaimedJob) -> dict[str, Any]:
    """Somebody wants a job canceled."""
    return {"of": of_job(job), "cancel": True}


def outcome_of(frame: dict[str, Any]) -> Outcome:
    """The outcome in a frame."""
    fields = dict(frame["outcome"])
    fields["kind"] = OutcomeKind(fields["kind"])
    fields["error"] = AttemptError(**fields["error"]) if fields["error"] else None
    fields["unreached"] = Unreached(*fields["unreached"]) if fields["unreached"] else None
    return Outcome(**fields)
