"""What a callback says: the webhook job that tells a caller how its job ended."""

from __future__ import annotations

import json
from typing import Any

from backend.domain.errors import InvalidPayload, InvalidRequest, PayloadTooLarge
from backend.domain.events.callback_ports import Decision, EndedJob
from backend.domain.jobs.derived_job_id import derived_job_id
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.job_options import JobOptions, OwnOptions
from backend.services.jobs.job_intake import JobIntake
from backend.telemetry.logs.logger import Logger

log = Logger("tally.callbacks")

_LONGEST_MESSAGE = 2000


class CallbackService:
    """Makes webhook jobs of ended jobs. Each end gives the same job id, however often it is asked."""

    def __init__(
        self, intake: JobIntake, *, job_type: str = "send_webhook", secret: str | None = None
    ) -> None:
        """``secret`` names the signing secret; None leaves the choice to the webhook worker."""
        self._intake = intake
        self._job_type = job_type
        self._secret = secret

    def decide(self, ended: EndedJob) -> Decision:
        """The webhook job of one end, or why there can be none."""
        if not ended.labels.callback_url:
            return "the job is no longer on record"
        try:
            try:
                return self._job(ended, _body(ended))
            except (PayloadTooLarge, InvalidPayload):
                # A result may be what a payload may not: as large, as deep, with half a character.
                return self._job(ended, _body(ended, with_result=False))
        except InvalidRequest as error:
            log.warning("callback.impossible", job_id=ended.job_id, error=str(error))
            return str(error)

    def _job(self, ended: EndedJob, body: dict[str, Any]) -> NewJob:
        payload: dict[str, Any] = {"url": ended.labels.callback_url, "body": body}
        if self._secret:
            payload["secret"] = self._secret
        job = self._intake.check(self._job_type, payload, None, _options(ended), _own(ended))
        # One end has one callback, also when settings changed before it was known to be sent.
        return job._replace(digest="")


def _own(ended: EndedJob) -> OwnOptions:
    """Whose end it tells. Its caller chose address and result, so it may use what that caller may."""
    own: OwnOptions = {"parent_id": ended.job_id}
    if ended.labels.is_confined:
        own["is_confined"] = True
    return own


def _options(ended: EndedJob) -> JobOptions:
    """The callback shares the job's labels, so that a trace can be followed to its end."""
    labels = ended.labels
    return {
        "job_id": derived_job_id(ended.job_id, f"callback:{ended.version}"),
        "tags": ["callback"],
        "trace_id": labels.trace_id,
        "traceparent": labels.traceparent,
        "tracestate": labels.tracestate,
        "context_id": labels.context_id,
        "tenant": labels.tenant,
        "is_test": labels.is_test,
        "environment": labels.environment,
    }


def _body(ended: EndedJob, *, with_result: bool = True) -> dict[str, Any]:
    """The message, in the shape that Standard Webhooks recommends."""
    data: dict[str, Any] = {
        "job_id": ended.job_id,
        "job_type": ended.job_type,
        "status": ended.state,
        "attempt": ended.attempt,
        "result": json.loads(ended.result) if with_result and ended.result else None,
        "error": _error(ended),
        "reason": ended.reason or None,
        "trace_id": ended.labels.trace_id or None,
        "context_id": ended.labels.context_id or None,
    }
    if not with_result:
        data["result_omitted"] = True
    return {"type": f"job.{ended.state}", "timestamp": ended.ended_at.isoformat(), "data": data}


def _error(ended: EndedJob) -> dict[str, str] | None:
    if ended.error is None:
        return None
    return {
        "reason": ended.error.reason,
        "error": ended.error.error,
        "message": ended.error.message[:_LONGEST_MESSAGE],
    }
