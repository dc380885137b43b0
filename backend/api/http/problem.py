"""The body of an error answer: problem+json of RFC 9457, with our stable code."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from backend.domain.errors import MigrationError, TallyError, Unavailable
from backend.telemetry.logs.redaction import masked_text, without_addresses

MEDIA_TYPE = "application/problem+json"
#: What an error knows beside its message and may tell.
_TOLD = (
    *("accepted", "limit", "queue", "job_id", "job_type", "field", "key_id", "retry_after"),
    *("job_ids", "may_be_accepted", "accepted_ids", "event_id", "holder", "tenant"),
    "waiting",
)
#: Where in a job stands what is wrong with it, of errors that name no field.
_PLACES = {
    "unknown_job_type": "/job_type",
    "invalid_payload": "/payload",
    "payload_too_large": "/payload",
}


class Finding(BaseModel):
    """One place of the request that does not fit."""

    model_config = ConfigDict(extra="forbid")

    pointer: str | None = Field(None, description="JSON pointer into the body.")
    parameter: str | None = Field(None, description="Name of a query parameter or header.")
    detail: str


class Problem(BaseModel):
    """What went wrong, after RFC 9457."""

    type: str = Field(description="A URI that stands for this kind of problem and explains it.")
    title: str
    status: int
    detail: str
    code: str = Field(description="A stable word that programs may rely on.")
    instance: str = Field(description="The path that was asked for.")
    request_id: str
    errors: list[Finding] | None = None
    details: dict[str, Any] | None = Field(None, description="What the error names, by name.")


def problem_of(
    error: TallyError, status: int, path: str, request_id: str, root_path: str = ""
) -> Problem:
    """The problem that an error of ours is. ``root_path`` is below which a proxy serves the API."""
    return Problem(
        type=f"{root_path}/api/problems/{error.code}",
        title=title_of(type(error)),
        status=status,
        detail=told_of(error),
        code=error.code,
        instance=f"{root_path}{path}",
        request_id=request_id,
        errors=_findings(error),
        details={name: error.details[name] for name in _TOLD if name in error.details} or None,
    )


def in_query(findings: list[Finding] | None) -> list[Finding] | None:
    """The same of a request without a body: what is pointed at are its parameters."""
    return findings and [
        each
        if each.pointer is None
        else Finding(parameter=each.pointer.removeprefix("/").replace("/", "."), detail=each.detail)
        for each in findings
    ]


def told_of(error: TallyError) -> str:
    """Its words without credentials, and of a store that is away without where it stands.

    Who asks may be anybody: a token is not known before the store has been asked. The log has it.
    """
    is_of_a_store = isinstance(error, Unavailable | MigrationError)
    return (without_addresses if is_of_a_store else masked_text)(str(error))


def title_of(kind: type[TallyError]) -> str:
    """The first sentence of an error's docstring."""
    return (kind.__doc__ or kind.code).partition("\n")[0].partition(";")[0].rstrip(".")


def _findings(error: TallyError) -> list[Finding] | None:
    of = f"/{error.details['option']}" if "option" in error.details else ""
    found = [_finding(item, f"{of}/payload") for item in error.details.get("errors", ())]
    if not found and isinstance(error.details.get("field"), str):
        place = error.details["field"].replace(".", "/")
        found = [Finding(pointer=f"/{place}", detail=told_of(error))]
    return _within(error, found) or None


def _within(error: TallyError, found: list[Finding]) -> list[Finding]:
    """The same of a body that asks for jobs: from where that job stands in it, ``details["within"]``."""
    job = error.details.get("within")
    if job is None:
        return found
    if not found:
        whole = f"{job}{_PLACES.get(error.code, '')}"
        return [Finding(pointer=whole, detail=told_of(error))] if whole else []
    return [each.model_copy(update={"pointer": f"{job}{each.pointer}"}) for each in found]


def _finding(item: dict[str, str], payload: str) -> Finding:
    """Ours as they are; those of a payload name the field in it."""
    if "field" in item:
        place = item["field"].replace(".", "/")
        return Finding(pointer=f"{payload}/{place}", detail=item["problem"])
    return Finding.model_validate(item)
