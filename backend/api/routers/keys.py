"""API keys: making, listing, replacing and revoking them."""

from __future__ import annotations

from datetime import timedelta

from backend.api.http.answer import Answer
from backend.api.http.operation import Router
from backend.api.request.request_context import Call
from backend.api.schemas.base import Because
from backend.api.schemas.fields import ObjectId
from backend.api.schemas.keys import Key, KeyRequest, Keys, KeysQuery, NewKeyResource, RotateRequest

router = Router("keys", "Keys")


@router.get("/api/keys")
def list_keys(call: Call, query: KeysQuery) -> Keys:
    """Every key, without tokens: who it is for, its role, when it ends, when it was last used."""
    return Keys(items=[Key.of(key) for key in call.parts.keys.list(with_revoked=query.revoked)])


@router.get("/api/keys/{key_id}")
def get(call: Call, key_id: ObjectId) -> Key:
    """One key, without its token."""
    return Key.of(call.parts.keys.get(key_id))


@router.post("/api/keys", status=201)
def create(call: Call, body: KeyRequest) -> Answer[NewKeyResource]:
    """Makes a key. Its token is in this answer and nowhere else."""
    made = call.actions.keys.create(
        call.actor,
        body.name,
        body.role,
        reason=body.reason,
        expires_at=body.expires_at,
        tenant=body.tenant,
        job_types=body.job_types,
    )
    return Answer(
        NewKeyResource(key=Key.of(made.key), token=made.token),
        headers={"Location": f"/api/keys/{made.key.id}"},
    )


@router.post("/api/keys/{key_id}/rotate", status=201, optional_body=True)
def rotate(call: Call, key_id: ObjectId, body: RotateRequest) -> NewKeyResource:
    """Makes a new key in the place of another, which ends after `overlap_seconds`."""
    overlap = timedelta(seconds=body.overlap_seconds)
    made = call.actions.keys.rotate(call.actor, key_id, overlap=overlap, reason=body.reason)
    return NewKeyResource(key=Key.of(made.key), token=made.token)


@router.post("/api/keys/{key_id}/revoke", optional_body=True)
def revoke(call: Call, key_id: ObjectId, body: Because) -> Key:
    """Ends a key for good; it opens no door after five seconds at the latest."""
    return Key.of(call.actions.keys.revoke(call.actor, key_id, reason=body.reason))
