"""What the API says about itself: its document, its problems, and who its caller is."""

from __future__ import annotations

from inspect import getdoc

from flask import request

from backend.api.http.api_errors import PathNotFound
from backend.api.http.error_handlers import problem_kinds
from backend.api.http.operation import Router
from backend.api.http.problem import title_of
from backend.api.request.request_context import Call
from backend.api.schemas.document import Document, ProblemKind, ProblemKinds, WhoAmI
from backend.api.schemas.fields import ObjectId

router = Router("document", "About")


@router.get("/api/openapi.json", etag=True, headers=("If-None-Match",))
def openapi(call: Call) -> Document:
    """This document."""
    return Document({**call.app_state.document(), "servers": [{"url": request.script_root or "/"}]})


@router.get("/api/problems")
def problems(_call: Call) -> ProblemKinds:
    """Every kind of problem that an answer may tell of, by its stable code."""
    return ProblemKinds(items=_kinds())


@router.get("/api/problems/{code}")
def problem(_call: Call, code: ObjectId) -> ProblemKind:
    """One kind of problem: what the `type` of an error answer points at."""
    for kind in _kinds():
        if kind.code == code:
            return kind
    raise PathNotFound(f"there is no problem {code!r}")


def _kinds() -> list[ProblemKind]:
    return [
        ProblemKind(
            code=code,
            status=status,
            title=title_of(kind),
            meaning=" ".join((getdoc(kind) or "").split()),
        )
        for code, (status, kind) in sorted(problem_kinds().items())
    ]


@router.get("/api/whoami")
def whoami(call: Call) -> WhoAmI:
    """Who the token stands for, and what it may do."""
    who = call.who
    return WhoAmI(
        name=who.name,
        role=who.role,
        tenant=who.tenant,
        job_types=None if who.job_types is None else sorted(who.job_types),
        credential=who.credential,
    )
